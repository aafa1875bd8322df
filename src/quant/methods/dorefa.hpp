#pragma once

#include <cmath>

#include "quant/codebook.hpp"
#include "quant/sums.hpp"

namespace laq::quant {

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
};

}  // namespace laq::quant
