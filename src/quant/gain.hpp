#pragma once

#include <algorithm>
#include <limits>
#include <span>

#include "quant/sums.hpp"

// The gain α H(α) that a scale takes off Σ d a² in equation (1): see exact.cpp.

namespace laq::quant {

/// A relative margin for rounding in sums of up to 10⁹ terms; what is within it is looked at, not
/// dropped.
inline constexpr double kGainMargin = 1e-12;

/// A scale and an upper bound of H there.
struct ChordPoint {
  double alpha, upper;
};

/// The largest α·chord(α) between two scales: an upper bound of the gain there, as H is convex.
LAQ_DEVICE inline double chord_bound(const ChordPoint& low, const ChordPoint& high) {
  const double slope = (high.upper - low.upper) / (high.alpha - low.alpha);
  const auto gain = [&](double alpha) { return alpha * (low.upper + slope * (alpha - low.alpha)); };
  double largest = std::max(gain(low.alpha), gain(high.alpha));
  if (slope < 0) {
    const double top = (slope * low.alpha - low.upper) / (2 * slope);
    if (top > low.alpha && top < high.alpha) largest = std::max(largest, gain(top));
  }
  return largest;
}

/// Gains that differ by less, relatively, are equal.
inline constexpr double kGainTie = 8 * std::numeric_limits<double>::epsilon();

/// The largest gain offered and its scale, the smallest of equals.
struct BestGain {
  double gain = 0;
  double alpha = std::numeric_limits<double>::infinity();

  /// The gain and scale of codes with these sums; none when all codes are 0.
  LAQ_DEVICE void offer(const LevelSums& sums) {
    if (sums.dqq > 0) offer(sums.gain(), sums.scale());
  }
  LAQ_DEVICE void offer(double offered, double at) {
    if (offered > gain * (1 + kGainTie) || (offered >= gain * (1 - kGainTie) && at < alpha)) {
      gain = std::max(offered, gain);
      alpha = at;
    }
  }
};

/// A weight that rises to its next level when the scale falls below `alpha`, and what that adds.
struct Event {
  double alpha;
  LevelSums added;
};

/// Offers the sums above all events, then follows the scale downwards through them. Sorts them.
/// Sums only grow, so that nothing cancels, however many decades d spans.
inline void sweep(std::span<Event> events, LevelSums sums, BestGain& best) {
  std::sort(events.begin(), events.end(),
            [](const Event& x, const Event& y) { return x.alpha > y.alpha; });
  best.offer(sums);
  for (const auto& event : events) {
    sums += event.added;
    best.offer(sums);
  }
}

}  // namespace laq::quant
