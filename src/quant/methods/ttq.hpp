#pragma once

#include <cmath>

#include "quant/alternating.hpp"

namespace laq::quant {

/// TTQ (Zhu et al., ICLR 2017; PAPER.md, "TTQ's gradients"): levels −Wn, 0, Wp with threshold
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
