#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace laq::data {

/// Global contrast normalisation of one picture x of n values:
///
///     v = x − mean(x),   y = v / (‖v‖₂ / scale),   and y = v where ‖v‖₂ / scale < smallest.
///
/// The constants are those of the code that the paper and its predecessors were run with
/// (pylearn2): scale 55 for CIFAR, where a value's mean square is then 55²/3072 ≈ 1; scale 1 for
/// SVHN.
struct GlobalContrast {
  double scale = 1;
  double smallest = 1e-8;
};
inline constexpr GlobalContrast kCifarContrast{.scale = 55};
inline constexpr GlobalContrast kSvhnContrast{.scale = 1};

/// In place; sums are accumulated in double precision.
void normalize_global_contrast(std::span<float> picture, const GlobalContrast& constants);

/// Local contrast normalisation of one channel x of a picture (Jarrett et al., 2009; LeCun), with
/// the Gaussian window g(i, j) ∝ exp(−(i² + j²) / 2σ²), |i|, |j| ≤ radius, Σ g = 1, and zeros
/// around the picture:
///
///     v = x − g ∗ x,   s = √(g ∗ v²),   y = v / max(s, mean(s), smallest).
///
/// pylearn2, with which the paper's data was made, has these constants, and s = √(g ∗ x²), where
/// the publication that it implements has v (`of_raw`).
struct LocalContrast {
  int radius = 3;
  double sigma = 2;
  double smallest = 1e-4;
  bool of_raw = false;
};
inline constexpr LocalContrast kPylearn2Contrast{.of_raw = true};

/// Normalizes channels of one size; holds the memory that it needs for that. Of one thread.
class LocalContrastFilter {
 public:
  LocalContrastFilter(std::int64_t height, std::int64_t width, const LocalContrast& constants);
  /// height × width values, in place.
  void normalize(std::span<float> channel);

 private:
  void blur(const float* in, float* out);

  std::size_t height_, width_, radius_;
  float smallest_;
  bool of_raw_;
  std::vector<float> window_;  // g(i, 0), whose products with itself are g
  std::vector<float> line_, lines_, mean_, square_, spread_;
};

}  // namespace laq::data
