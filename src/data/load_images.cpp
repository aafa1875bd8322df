#include <fmt/format.h>

#include "core/error.hpp"
#include "data/image_set.hpp"
#include "data/read_images.hpp"

namespace laq::data {
namespace {

void check_shape(const DatasetSpec& spec, const ImageSet& set, const char* part) {
  if (std::vector{set.channels, set.height, set.width} == spec.shape) return;
  throw Error({.what = fmt::format("the {} pictures have another size", part),
               .where = "dataset " + spec.name,
               .found = fmt::format("{} x {} x {}", set.channels, set.height, set.width),
               .expected = fmt::format("{}", fmt::join(spec.shape, " x "))});
}

}  // namespace

ImageData load_images(const DatasetSpec& spec, const DataPaths& paths, const ImageLimits& limits) {
  LoadedImages images = read_images(spec, paths);
  check_shape(spec, images.training, "train");
  check_shape(spec, images.test, "test");
  return ImageData(
      std::move(images.training), std::move(images.test),
      {std::move(images.train_rows), std::move(images.validation_rows)},
      {.preprocessing = spec.preprocessing, .limits = limits, .cache = paths.data_dir / spec.name});
}

}  // namespace laq::data
