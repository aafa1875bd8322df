#include "data/read_images.hpp"

#include <numeric>

#include "core/error.hpp"
#include "data/idx.hpp"

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

std::vector<std::int64_t> rows(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), first);
  return all;
}

}  // namespace

LoadedImages read_images(const DatasetSpec& spec, const DataPaths& paths) {
  switch (spec.kind) {
    case Kind::idx:
      return {load_idx(spec, paths, "train"), load_idx(spec, paths, "test"),
              rows(0, spec.splits.train), rows(spec.splits.train, spec.splits.validation)};
  }
  throw Error({.what = "dataset '" + spec.name + "' does not hold pictures"});
}

}  // namespace laq::data
