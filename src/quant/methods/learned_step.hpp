#pragma once

#include <cmath>
#include <cstddef>

#include "core/parallel.hpp"
#include "quant/codebook.hpp"
#include "quant/sums.hpp"
#include "quant/weight_gradient.hpp"

namespace laq::quant {

/// LSQ's gradient of a latent weight, which passes inside of the levels' range only. What the scale
/// s gets of it is s · g ∂ŵ/∂s: g (ŵ − w) inside and g ŵ outside.
struct LearnedStepGradient {
  float low, high;

  LAQ_DEVICE LAQ_INLINE WeightGradient operator()(float w, float quantized, float g) const {
    const bool inside = w > low && w < high;
    const double from = inside ? static_cast<double>(w) : 0.0;
    // What is not a number stays so, to be seen.
    return {g * (inside ? 1.0f : 0.0f),
            {static_cast<double>(g) * (static_cast<double>(quantized) - from), 0}};
  }
};

/// Levels at equal steps times a learned scale s: ŵ = s·q(w/s), q the nearest level.
/// LSQ (Esser et al., ICLR 2020): levels −2^(b−1) … 2^(b−1) − 1; s starts as 2 mean|w| / √Qp.
/// SEQ (ParetoQ, Liu et al., 2025), 2 bits: levels ±¼, ±¾, which fill the range [−1, 1]; s starts
/// as max|w|, and is learned as in LSQ.
struct LearnedStepFit {
  int bits;
  bool stretched;  ///< SEQ

  LAQ_DEVICE int level_count() const { return 1 << bits; }
  /// Qp = 2^(b−1) − 1.
  LAQ_DEVICE int largest() const { return (1 << (bits - 1)) - 1; }
  /// Level j = 0 … 2^b − 1 in units of s, ascending.
  LAQ_DEVICE double level(int j) const {
    const double place = j - (1 << (bits - 1));
    return stretched ? (place + 0.5) / (1 << (bits - 1)) : place;
  }
  /// SEQ has no zero: its codes are −2, −1, 1, 2.
  LAQ_DEVICE int code(int j) const {
    const int place = j - (1 << (bits - 1));
    return stretched && place >= 0 ? place + 1 : place;
  }
  /// The range of w/s inside of which the gradient passes.
  LAQ_DEVICE double low() const { return stretched ? -kStretchedRange : level(0); }
  LAQ_DEVICE double high() const { return stretched ? kStretchedRange : level(level_count() - 1); }
  /// What the scale's gradient over n weights is times: 1/√(n·Qp).
  LAQ_DEVICE double gradient_factor(std::size_t n) const {
    return 1 / sqrt(static_cast<double>(n) * largest());
  }
  /// LSQ's first scale is mean|w| times this.
  LAQ_DEVICE double first_factor() const { return 2 / sqrt(static_cast<double>(largest())); }

  template <typename S, typename Book>
  LAQ_DEVICE void operator()(S& sums, Book& book) const {
    const double scale = known_or_first(sums);
    book.add_scale(scale);
    for (int j = 0; j < level_count(); ++j) {
      book.add_level(code(j), scale * level(j));
      if (j == 0) continue;
      // Half-way goes to the smaller magnitude, 0 up.
      const double middle = scale * ((level(j - 1) + level(j)) / 2);
      book.add_threshold(middle > 0 ? floor_to_float(middle) : threshold_at_least(middle));
    }
  }

  LAQ_DEVICE LearnedStepGradient weight_gradient(const double* scales, double /*largest*/) const {
    return {static_cast<float>(low() * scales[0]), static_cast<float>(high() * scales[0])};
  }
  /// `sums`: of `WeightGradient::scales`, over n weights.
  LAQ_DEVICE void scale_gradient(const double* sums, const double* scales, std::size_t n,
                                 double* gradient) const {
    gradient[0] = sums[0] / scales[0] * gradient_factor(n);
  }

  /// A learned scale stays positive.
  static constexpr double kLeastFirst = 1e-8;

 private:
  static constexpr double kStretchedRange = 0.99;  // of the authors' code

  template <typename S>
  LAQ_DEVICE double known_or_first(S& sums) const {
    if (sums.scale(Side::both) > 0) return sums.scale(Side::both);
    const MagnitudeSums of = sums.magnitudes(Side::both);
    const double start = stretched ? static_cast<double>(of.max)
                                   : first_factor() * (of.a / static_cast<double>(sums.count));
    return start > 0 ? start : kLeastFirst;
  }
};

}  // namespace laq::quant
