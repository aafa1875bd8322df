#include "data/image_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"

namespace laq::data {
namespace {

// Restrict: bytes may alias anything, which would keep the loop from being vectorised.
void convert_row(const std::uint8_t* __restrict pixels, const float* __restrict mean,
                 float* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<float>(pixels[i]) / 255.0f - mean[i];
  }
}

void add_row(const std::uint8_t* __restrict pixels, double* __restrict sum, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sum[i] += static_cast<double>(pixels[i]);
}

std::vector<float> mean_image(const ImageSet& images, std::int64_t rows) {
  const auto features = static_cast<std::size_t>(images.features());
  std::vector<double> sum(features);
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    add_row(images.pixels.data() + row * features, sum.data(), features);
  }
  std::vector<float> mean(features);
  std::transform(sum.begin(), sum.end(), mean.begin(), [&](double total) {
    return static_cast<float>(total / (255.0 * static_cast<double>(rows)));
  });
  return mean;
}

void check_sizes(const ImageSet& set, std::int64_t rows, const char* name) {
  const bool positive = set.count > 0 && set.features() > 0;
  if (positive && set.count == rows && std::cmp_equal(set.labels.size(), set.count) &&
      std::cmp_equal(set.pixels.size(), set.count * set.features())) {
    return;
  }
  throw Error({.what = fmt::format("sizes of the {} file do not fit", name),
               .found = fmt::format("{} pictures of {} values, {} pixels, {} labels", set.count,
                                    set.features(), set.pixels.size(), set.labels.size()),
               .expected = fmt::format("{} pictures", rows)});
}

std::int64_t limited(std::int64_t count, std::int64_t limit) {
  return limit > 0 ? std::min(count, limit) : count;
}

}  // namespace

ImageData::ImageData(ImageSet training_file, ImageSet test_file, const Splits& splits,
                     Preprocessing preprocessing, const ImageLimits& limits)
    : files_{std::move(training_file), std::move(test_file)},
      ranges_{{0, 0, limited(splits.train, limits.train)},
              {0, splits.train, limited(splits.validation, limits.validation)},
              {1, 0, splits.test}} {
  check_sizes(files_[0], splits.train + splits.validation, "training");
  check_sizes(files_[1], splits.test, "test");
  const auto shape = [](const ImageSet& set) {
    return fmt::format("{}x{}x{}", set.channels, set.height, set.width);
  };
  if (shape(files_[0]) != shape(files_[1])) {
    throw Error({.what = "test pictures have another size than training pictures",
                 .found = shape(files_[1]),
                 .expected = shape(files_[0])});
  }
  mean_ = preprocessing == Preprocessing::mean_image
              ? mean_image(files_[0], range(Part::train).count)
              : std::vector<float>(static_cast<std::size_t>(features()));
}

std::int64_t ImageData::size(Part part) const {
  return range(part).count;
}

void ImageData::gather(Part part, std::span<const std::int64_t> indices, float* out,
                       std::int64_t* labels) const {
  const Range& rows = range(part);
  const ImageSet& images = files_[rows.file];
  const auto features = static_cast<std::size_t>(images.features());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= rows.count) {
      throw Error({.what = "row of a dataset is out of range",
                   .found = std::to_string(indices[i]),
                   .expected = fmt::format("0 to {}", rows.count - 1)});
    }
    const auto row = static_cast<std::size_t>(rows.first + indices[i]);
    convert_row(images.pixels.data() + row * features, mean_.data(), out + i * features, features);
    if (labels) labels[i] = images.labels[row];
  }
}

}  // namespace laq::data
