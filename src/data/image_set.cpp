#include "data/image_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/parallel.hpp"
#include "data/contrast.hpp"
#include "data/prepare.hpp"
#include "data/read_images.hpp"
#include "data/zca.hpp"

namespace laq::data {
namespace {

constexpr std::size_t kWorthThreads = 4 * kChunk;  // values

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

std::vector<float> mean_image(const ImageSet& images, std::span<const std::int64_t> rows) {
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

void check_sizes(const ImageSet& set, const char* name) {
  if (set.count > 0 && set.features() > 0 && std::cmp_equal(set.labels.size(), set.count) &&
      std::cmp_equal(set.pixels.size() + set.values.size(), set.count * set.features())) {
    return;
  }
  throw Error({.what = fmt::format("sizes of the {} file do not fit", name),
               .found = fmt::format("{} pictures of {} values, {} pixels, {} labels", set.count,
                                    set.features(), set.pixels.size() + set.values.size(),
                                    set.labels.size())});
}

void check_same_shape(const ImageSet& training, const ImageSet& test) {
  const auto shape = [](const ImageSet& set) {
    return fmt::format("{}x{}x{}", set.channels, set.height, set.width);
  };
  if (shape(training) == shape(test)) return;
  throw Error({.what = "test pictures have another size than training pictures",
               .found = shape(test),
               .expected = shape(training)});
}

std::vector<std::int64_t> all_rows(std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

std::vector<std::int64_t> limited(std::vector<std::int64_t> rows, std::int64_t limit) {
  if (limit > 0 && std::cmp_less(limit, rows.size())) rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

std::string content_hash(const ImageSet& images, std::span<const std::int64_t> rows) {
  const auto features = static_cast<std::size_t>(images.features());
  Sha256 hash;
  for (const std::int64_t row : rows) {
    const auto* first = images.pixels.data() + static_cast<std::size_t>(row) * features;
    hash.add(std::as_bytes(std::span(first, features)));
  }
  return hash.hex();
}

// Of training rows whose pixels have this hash; `fit` is for when none is kept.
Whitening whitening_of(std::size_t features, const std::string& content_hash,
                       const std::filesystem::path& cache, const std::function<Whitening()>& fit) {
  const std::string key =
      sha256(fmt::format("{} {} {}", content_hash, kCifarContrast.scale, kWhiteningBias));
  return kept_whitening(cache, key, features, fit);
}

}  // namespace

Whitening whitening_of(const LoadedImages& images, const Preparation& preparation) {
  const auto rows = limited(images.train_rows, preparation.limits.train);
  const auto features = static_cast<std::size_t>(images.training.features());
  return whitening_of(features, content_hash(images.training, rows), preparation.cache, [&] {
    const FloatRows values =
        normalized_rows(images.training, rows, preparation.preprocessing, preparation.lcn);
    return fit_whitening(values.get(), rows.size(), features, kWhiteningBias);
  });
}

ImageData::ImageData(ImageSet training_file, ImageSet test_file, const Splits& splits,
                     Preprocessing preprocessing, const ImageLimits& limits)
    : ImageData(in_file_order(std::move(training_file), std::move(test_file), splits),
                {.preprocessing = preprocessing, .limits = limits}) {}

ImageData::ImageData(LoadedImages images, const Preparation& preparation)
    : files_{std::move(images.training), std::move(images.test)},
      parts_{
          {0, limited(std::move(images.train_rows), preparation.limits.train), nullptr},
          {0, limited(std::move(images.validation_rows), preparation.limits.validation), nullptr},
          {1, all_rows(files_[1].count), nullptr}} {
  check_sizes(files_[0], "training");
  check_sizes(files_[1], "test");
  check_same_shape(files_[0], files_[1]);
  check_rows();
  mean_.resize(static_cast<std::size_t>(features()));
  if (preparation.preprocessing == Preprocessing::mean_image) {
    mean_ = mean_image(files_[0], part(Part::train).rows);
  }
  if (holds_floats(preparation.preprocessing)) hold_floats(preparation);
  if (!files_[0].values.empty()) hold_table(preparation.preprocessing);
}

void ImageData::check_rows() const {
  for (const auto& [file, rows, values] : parts_) {
    const std::int64_t count = files_[file].count;
    const auto bad = std::find_if(rows.begin(), rows.end(),
                                  [&](std::int64_t row) { return row < 0 || row >= count; });
    if (!rows.empty() && bad == rows.end()) continue;
    throw Error({.what = "a part of the dataset does not fit its file",
                 .found = rows.empty() ? "no rows" : fmt::format("row {}", *bad),
                 .expected = fmt::format("rows 0 to {}", count - 1)});
  }
}

void ImageData::hold_floats(const Preparation& preparation) {
  const bool whitened = preparation.preprocessing == Preprocessing::gcn_zca;
  const std::string hash =
      whitened ? content_hash(files_[0], part(Part::train).rows) : std::string();
  for (auto& part : parts_) {
    part.values =
        normalized_rows(files_[part.file], part.rows, preparation.preprocessing, preparation.lcn);
  }
  for (auto& file : files_) file.pixels = {};
  if (whitened) whiten_parts(hash, preparation.cache);
}

void ImageData::hold_table(Preprocessing preprocessing) {
  const auto width = static_cast<std::size_t>(features());
  if (preprocessing == Preprocessing::standardize) {
    const auto& rows = part(Part::train).rows;
    const auto count = static_cast<double>(rows.size());
    std::vector<double> sum(width), squares(width);
    const auto of_row = [&](std::int64_t row, std::size_t i) {
      return static_cast<double>(files_[0].values[static_cast<std::size_t>(row) * width + i]);
    };
    for (const std::int64_t row : rows) {
      for (std::size_t i = 0; i < width; ++i) sum[i] += of_row(row, i);
    }
    for (const std::int64_t row : rows) {
      for (std::size_t i = 0; i < width; ++i)
        squares[i] += std::pow(of_row(row, i) - sum[i] / count, 2);
    }
    for (std::size_t i = 0; i < width; ++i) {
      mean_[i] = static_cast<float>(sum[i] / count);
      const double deviation = std::sqrt(squares[i] / count);
      deviation_.push_back(deviation > 0 ? static_cast<float>(deviation) : 1.0f);
    }
  }
  for (auto& part : parts_) {
    part.values = std::make_unique_for_overwrite<float[]>(part.rows.size() * width);
    for (std::size_t row = 0; row < part.rows.size(); ++row) {
      const float* from =
          files_[part.file].values.data() + static_cast<std::size_t>(part.rows[row]) * width;
      for (std::size_t i = 0; i < width; ++i) {
        part.values[row * width + i] =
            deviation_.empty() ? from[i] : (from[i] - mean_[i]) / deviation_[i];
      }
    }
  }
  for (auto& file : files_) file.values = {};
}

void ImageData::whiten_parts(const std::string& content_hash, const std::filesystem::path& cache) {
  const auto& train = part(Part::train);
  const auto count = static_cast<std::size_t>(features());
  const Whitening whitening = whitening_of(count, content_hash, cache, [&] {
    return fit_whitening(train.values.get(), train.rows.size(), count, kWhiteningBias);
  });
  for (const auto& part : parts_) whiten(whitening, part.values.get(), part.rows.size());
}

std::int64_t ImageData::size(Part part) const {
  return static_cast<std::int64_t>(this->part(part).rows.size());
}

void ImageData::gather(Part part, std::span<const std::int64_t> indices, float* out,
                       std::int64_t* labels) const {
  const PartData& from = this->part(part);
  for (const std::int64_t index : indices) {
    if (index < 0 || std::cmp_greater_equal(index, from.rows.size())) {
      throw Error({.what = "row of a dataset is out of range",
                   .found = std::to_string(index),
                   .expected = fmt::format("0 to {}", from.rows.size() - 1)});
    }
  }
  const ImageSet& images = files_[from.file];
  const auto features = static_cast<std::size_t>(images.features());
  const std::size_t count = indices.size();
  const float* floats = from.values.get();
#pragma omp parallel for schedule(static) if (count * features > kWorthThreads)
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(indices[i]);
    const auto row = static_cast<std::size_t>(from.rows[index]);
    if (labels) labels[i] = images.labels[row];
    if (floats) {
      std::copy_n(floats + index * features, features, out + i * features);
    } else {
      convert_row(images.pixels.data() + row * features, mean_.data(), out + i * features,
                  features);
    }
  }
}

}  // namespace laq::data
