#pragma once

#include <cmath>

#include "core/parallel.hpp"
#include "quant/alternating.hpp"
#include "quant/weight_gradient.hpp"

namespace laq::quant {

/// TTQ's gradient of a latent weight: that at ŵ, times the scale of its sign where ŵ is not 0.
/// The scales' gradients are Σ g where ŵ > 0 and −Σ g where ŵ < 0.
struct TtqGradient {
  float up, down;

  LAQ_DEVICE LAQ_INLINE WeightGradient operator()(float /*w*/, float quantized, float g) const {
    const float factor = quantized > 0 ? up : 1.0f;
    return {g * (quantized < 0 ? down : factor),
            {static_cast<double>(quantized > 0 ? g : 0.0f),
             -static_cast<double>(quantized < 0 ? g : 0.0f)}};
  }
};

/// TTQ (Zhu et al., ICLR 2017): levels −Wn, 0, Wp with threshold
/// Δ = t · max|w|. Wp and Wn are trained; they start as the mean magnitude beyond Δ of their sign.
struct TtqFit {
  double threshold;  ///< t

  template <typename S, typename Book>
  LAQ_DEVICE void operator()(S& sums, Book& book) const {
    const double limit = threshold * static_cast<double>(sums.magnitudes(Side::both).max);
    const double up = scale(sums, Side::positive, limit), down = scale(sums, Side::negative, limit);
    book.add_scale(up);
    book.add_scale(down);
    book.add_level(-1, -down);
    book.add_level(0, 0);
    book.add_level(1, up);
    book.add_threshold(threshold_at_least(-limit));
    book.add_threshold(floor_to_float(limit));
  }

  LAQ_DEVICE TtqGradient weight_gradient(const double* scales, double /*largest*/) const {
    return {static_cast<float>(scales[0]), static_cast<float>(scales[1])};
  }
  /// `sums`: of `WeightGradient::scales`.
  LAQ_DEVICE void scale_gradient(const double* sums, const double* /*scales*/, std::size_t /*n*/,
                                 double* gradient) const {
    gradient[0] = sums[0];
    gradient[1] = sums[1];
  }

 private:
  template <typename S>
  LAQ_DEVICE static double scale(S& sums, Side side, double limit) {
    if (sums.scale(side) > 0) return sums.scale(side);
    const double mean = top_level_scale(sums, side, limit);
    // A sign that does not occur yet must be able to appear later: a learned scale stays positive.
    return mean > 0 ? mean : fmax(limit, 1e-8);
  }
};

}  // namespace laq::quant
