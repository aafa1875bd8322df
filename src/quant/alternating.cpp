#include "quant/alternating.hpp"

#include <cmath>

#include "quant/passes.hpp"

namespace laq::quant {
namespace {

double mean(const MagnitudeSums& sums, std::size_t n) {
  return sums.a / static_cast<double>(n);
}

double first_scale(const Group& group, Side side) {
  if (!group.scales.empty() && !group.previous.empty()) {
    const double alpha = previous_scale(group, side, previous_sums(group));
    if (alpha > 0) return alpha;
  }
  const double alpha = top_level_scale(group, side, twn_threshold(group));
  if (alpha > 0 || side == Side::both) return alpha;
  const double own_mean = mean(magnitude_sums(group, side), group.latent.size());
  return top_level_scale(group, side, kTwnFactor * own_mean);
}

}  // namespace

double top_level_scale(const Group& group, Side side, double threshold) {
  static const LevelSet ternary = LevelSet::make(LevelKind::ternary, 2);
  const float limit = floor_to_float(threshold);
  return level_sums(group, side, ternary, std::span(&limit, 1)).scale();
}

double twn_threshold(const Group& group) {
  return twn_threshold(magnitude_sums(group, Side::both), group.latent.size());
}

double twn_threshold(const MagnitudeSums& sums, std::size_t n) {
  return kTwnFactor * mean(sums, n);
}

double previous_scale(const Group& group, Side side, const BySign& previous) {
  const std::size_t which = side == Side::negative ? 1 : 0;
  return which < group.scales.size() ? group.scales[which] * previous.of(side).scale() : 0;
}

AlternatingResult alternate(double first, const std::function<LevelSums(double)>& sums) {
  AlternatingResult result{first, 1, false};
  while (result.alpha > 0 && result.rounds < kMostRounds && !result.converged) {
    const double before = result.alpha;
    result.alpha = sums(before).scale();
    ++result.rounds;
    result.converged = std::abs(result.alpha - before) < kAlternatingTolerance;
  }
  if (result.alpha <= 0) result.converged = true;
  return result;
}

AlternatingResult alternating_scale(const Group& group, Side side, const LevelSet& levels) {
  return alternate(first_scale(group, side), [&](double alpha) {
    return level_sums(group, side, levels, scaled_thresholds(levels, alpha));
  });
}

}  // namespace laq::quant
