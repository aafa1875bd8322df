#include "data/contrast.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"

namespace laq::data {
namespace {

std::vector<float> gaussian(std::size_t radius, double sigma) {
  std::vector<double> values;
  double sum = 0;
  for (std::size_t k = 0; k <= 2 * radius; ++k) {
    const double distance = static_cast<double>(k) - static_cast<double>(radius);
    values.push_back(std::exp(-distance * distance / (2 * sigma * sigma)));
    sum += values.back();
  }
  std::vector<float> window(values.size());
  std::transform(values.begin(), values.end(), window.begin(),
                 [&](double value) { return static_cast<float>(value / sum); });
  return window;
}

LAQ_VECTORISED void add_scaled(const float* __restrict in, float factor, float* __restrict out,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] += factor * in[i];
}

LAQ_VECTORISED void subtract(float* __restrict from, const float* __restrict what,
                             std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) from[i] -= what[i];
}

LAQ_VECTORISED void square(const float* __restrict in, float* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] * in[i];
}

LAQ_VECTORISED void divide(float* __restrict values, const float* __restrict by, float least,
                           std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] /= std::max(by[i], least);
}

}  // namespace

void normalize_global_contrast(std::span<float> picture, const GlobalContrast& constants) {
  double sum = 0;
  for (const float value : picture) sum += static_cast<double>(value);
  const double mean = sum / static_cast<double>(picture.size());
  double squares = 0;
  for (const float value : picture) {
    const double centred = static_cast<double>(value) - mean;
    squares += centred * centred;
  }
  double divisor = std::sqrt(squares) / constants.scale;
  if (divisor < constants.smallest) divisor = 1;
  for (float& value : picture) {
    value = static_cast<float>((static_cast<double>(value) - mean) / divisor);
  }
}

LocalContrastFilter::LocalContrastFilter(std::int64_t height, std::int64_t width,
                                         const LocalContrast& constants)
    : height_(static_cast<std::size_t>(height)),
      width_(static_cast<std::size_t>(width)),
      radius_(static_cast<std::size_t>(constants.radius)),
      smallest_(static_cast<float>(constants.smallest)),
      of_raw_(constants.of_raw),
      window_(gaussian(radius_, constants.sigma)),
      line_(width_ + 2 * radius_),
      lines_(height_ * width_),
      mean_(height_ * width_),
      square_(height_ * width_),
      spread_(height_ * width_) {}

// g ∗ in: along the lines, then across them.
void LocalContrastFilter::blur(const float* in, float* out) {
  std::fill(lines_.begin(), lines_.end(), 0.0f);
  for (std::size_t y = 0; y < height_; ++y) {
    std::copy_n(in + y * width_, width_, line_.begin() + static_cast<std::ptrdiff_t>(radius_));
    for (std::size_t k = 0; k < window_.size(); ++k) {
      add_scaled(line_.data() + k, window_[k], lines_.data() + y * width_, width_);
    }
  }
  std::fill_n(out, height_ * width_, 0.0f);
  for (std::size_t k = 0; k < window_.size();
       ++k) {  // out(y) += g(k − radius) · lines(y + k − radius)
    const std::size_t first_out = k < radius_ ? radius_ - k : 0;
    const std::size_t first_in = k < radius_ ? 0 : k - radius_;
    const std::size_t skipped = first_out + first_in;
    if (skipped >= height_) continue;
    add_scaled(lines_.data() + first_in * width_, window_[k], out + first_out * width_,
               (height_ - skipped) * width_);
  }
}

void LocalContrastFilter::normalize(std::span<float> channel) {
  const std::size_t count = height_ * width_;
  blur(channel.data(), mean_.data());
  if (of_raw_) square(channel.data(), square_.data(), count);
  subtract(channel.data(), mean_.data(), count);
  if (!of_raw_) square(channel.data(), square_.data(), count);
  blur(square_.data(), spread_.data());
  double sum = 0;
  for (float& value : spread_) {
    value = std::sqrt(value);
    sum += static_cast<double>(value);
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(count));
  divide(channel.data(), spread_.data(), std::max(mean, smallest_), count);
}

}  // namespace laq::data
