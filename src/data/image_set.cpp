#include "data/image_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/error.hpp"
#include "data/read_images.hpp"

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

std::vector<float> mean_image(const ImageSet& images, const std::vector<std::int64_t>& rows) {
  const auto features = static_cast<std::size_t>(images.features());
  std::vector<double> sum(features);
  for (const std::int64_t row : rows) {
    add_row(images.pixels.data() + static_cast<std::size_t>(row) * features, sum.data(), features);
  }
  std::vector<float> mean(features);
  std::transform(sum.begin(), sum.end(), mean.begin(), [&](double total) {
    return static_cast<float>(total / (255.0 * static_cast<double>(rows.size())));
  });
  return mean;
}

std::vector<std::int64_t> limited(std::vector<std::int64_t> rows, std::int64_t limit) {
  if (limit > 0 && std::cmp_less(limit, rows.size())) rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

std::vector<std::int64_t> all_rows(std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

}  // namespace

ImageData::ImageData(ImageSet training_file, ImageSet test_file, const Splits& splits,
                     Preprocessing preprocessing, const ImageLimits& limits)
    : ImageData(in_file_order(std::move(training_file), std::move(test_file), splits),
                preprocessing, limits) {}

ImageData::ImageData(LoadedImages images, Preprocessing preprocessing, const ImageLimits& limits)
    : files_{std::move(images.training), std::move(images.test)},
      rows_{limited(std::move(images.train_rows), limits.train),
            limited(std::move(images.validation_rows), limits.validation),
            all_rows(files_[1].count)} {
  const auto shape = [](const ImageSet& set) {
    return fmt::format("{}x{}x{}", set.channels, set.height, set.width);
  };
  if (shape(files_[0]) != shape(files_[1])) {
    throw Error({.what = "test pictures have another size than training pictures",
                 .found = shape(files_[1]),
                 .expected = shape(files_[0])});
  }
  mean_ = preprocessing == Preprocessing::mean_image
              ? mean_image(files_[0], rows(Part::train))
              : std::vector<float>(static_cast<std::size_t>(features()));
}

std::int64_t ImageData::size(Part part) const {
  return static_cast<std::int64_t>(rows(part).size());
}

void ImageData::gather(Part part, std::span<const std::int64_t> indices, float* out,
                       std::int64_t* labels) const {
  const std::vector<std::int64_t>& of_part = rows(part);
  const ImageSet& images = file(part);
  const auto features = static_cast<std::size_t>(images.features());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || std::cmp_greater_equal(indices[i], of_part.size())) {
      throw Error({.what = "row of a dataset is out of range",
                   .found = std::to_string(indices[i]),
                   .expected = fmt::format("0 to {}", of_part.size() - 1)});
    }
    const auto row = static_cast<std::size_t>(of_part[static_cast<std::size_t>(indices[i])]);
    convert_row(images.pixels.data() + row * features, mean_.data(), out + i * features, features);
    if (labels) labels[i] = images.labels[row];
  }
}

}  // namespace laq::data
