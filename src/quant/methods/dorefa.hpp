#pragma once

#include <cmath>

#include "core/parallel.hpp"
#include "quant/codebook.hpp"
#include "quant/sums.hpp"
#include "quant/weight_gradient.hpp"

namespace laq::quant {

/// Straight through the rounding alone: the gradient at ŵ times (1 − tanh² w) / max|tanh w|, the
/// largest held fixed.
struct DorefaGradient {
  float inverse;  ///< 1 / max|tanh w|; 0: all weights are 0, where the ratio is 0 by definition

  LAQ_DEVICE LAQ_INLINE WeightGradient operator()(float w, float /*quantized*/, float g) const {
    const float squashed = tanhf(w);
    return {inverse > 0 ? g * ((1 - squashed * squashed) * inverse) : g, {0, 0}};
  }
};

/// DoReFa-Net's weights (Zhou et al., 2016): 2·round(K·(tanh w / (2 max|tanh w|) + ½))/K − 1 with K
/// = 2^bits − 1, rounding half up. tanh is monotone, so code j or more means w ≥ atanh(2 max|tanh
/// w| · ((j − ½)/K − ½)): no tanh per weight.
struct DorefaFit {
  int bits;

  template <typename S, typename Book>
  LAQ_DEVICE void operator()(S& sums, Book& book) const {
    const int k = (1 << bits) - 1;
    const double largest = tanh(static_cast<double>(sums.magnitudes(Side::both).max));
    book.add_scale(1);
    for (int j = 0; j <= k; ++j) {
      book.add_level(j, 2.0 * j / k - 1);
      // The smallest w with code j or more. All weights zero: the tanh ratio is 0, which lies
      // half-way up.
      const double ratio = (j - 0.5) / k - 0.5, none = ratio <= 0 ? -1.0 : 1.0;
      if (j > 0)
        book.add_threshold(threshold_at_least(largest == 0 ? none : atanh(2 * largest * ratio)));
    }
  }

  /// `largest`: max|w|.
  LAQ_DEVICE DorefaGradient weight_gradient(const double* /*scales*/, double largest) const {
    return {largest > 0 ? 1 / tanhf(static_cast<float>(largest)) : 0};
  }
};

}  // namespace laq::quant
