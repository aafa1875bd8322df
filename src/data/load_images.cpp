#include <fmt/format.h>

#include "core/error.hpp"
#include "data/idx.hpp"
#include "data/image_set.hpp"

namespace laq::data {
namespace {

ImageSet load_idx(const DatasetSpec& spec, const DataPaths& paths, const std::string& part) {
  const DataFile& images = spec.file(part + "_images");
  const DataFile& labels = spec.file(part + "_labels");
  ImageSet set;
  set.pixels = read_checked(spec, images, paths);
  const IdxImages parsed = parse_idx_images(set.pixels, images.name);
  set.count = parsed.count;
  set.height = parsed.height;
  set.width = parsed.width;
  const auto header = static_cast<std::ptrdiff_t>(set.pixels.size() - parsed.pixels.size());
  set.pixels.erase(set.pixels.begin(), set.pixels.begin() + header);  // `parsed.pixels` ends here
  const std::vector<std::uint8_t> bytes = read_checked(spec, labels, paths);
  const auto values = parse_idx_labels(bytes, labels.name);
  set.labels.assign(values.begin(), values.end());
  return set;
}

}  // namespace

ImageData load_images(const DatasetSpec& spec, const DataPaths& paths, const ImageLimits& limits) {
  const auto read = [&](const std::string& part) {
    switch (spec.kind) {
      case Kind::idx:
        return load_idx(spec, paths, part);
    }
    throw Error({.what = "dataset '" + spec.name + "' does not hold pictures"});
  };
  const auto load = [&](const std::string& part) {
    ImageSet set = read(part);
    if (std::vector{set.channels, set.height, set.width} != spec.shape) {
      throw Error({.what = fmt::format("the {} pictures have another size", part),
                   .where = "dataset " + spec.name,
                   .found = fmt::format("{} x {} x {}", set.channels, set.height, set.width),
                   .expected = fmt::format("{}", fmt::join(spec.shape, " x "))});
    }
    return set;
  };
  ImageSet training = load("train");
  return ImageData(std::move(training), load("test"), spec.splits, spec.preprocessing, limits);
}

}  // namespace laq::data
