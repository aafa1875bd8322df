#include "quant/alternating.hpp"

namespace laq::quant {
namespace {

double first_scale(Sums& sums, Side side) {
  if (sums.has_previous()) {
    const std::size_t which = side == Side::negative ? 1 : 0;
    const double scale = which < sums.scales.size() ? sums.scales[which] : 0;
    const double alpha = scale * sums.previous(side != Side::both).of(side).scale();
    if (alpha > 0) return alpha;
  }
  const double alpha = top_level_scale(sums, side, twn_threshold(sums));
  if (alpha > 0 || side == Side::both) return alpha;
  return top_level_scale(sums, side, twn_threshold(sums, side));
}

}  // namespace

Alternation alternating_scale(Sums& sums, Side side, const LevelSet& levels) {
  return alternate(first_scale(sums, side), kMostRounds, [&](double alpha) {
    const std::vector<float> thresholds = scaled_thresholds(levels, alpha);
    const auto near = sums.window() ? sums.window()->sums(side, thresholds, alpha) : std::nullopt;
    return (near ? *near : sums.levels(side, levels.steps(), thresholds)).scale(levels.unit());
  });
}

Alternation released_scale(Sums& sums, const LevelSet& levels) {
  const auto scale = [](const LevelSums& of) { return of.dq > 0 ? of.dqw / of.dq : 0; };
  double first = sums.has_previous() ? scale(sums.used()) : 0;
  if (first <= 0) first = top_level_scale(sums, Side::both, twn_threshold(sums));
  return alternate(first, kMostRounds + 1, [&](double alpha) {
    std::vector<float> thresholds;
    for (const double midpoint : levels.midpoints())
      thresholds.push_back(threshold_at_least(alpha * midpoint));
    return scale(sums.levels(Side::both, levels.steps(), thresholds));
  });
}

}  // namespace laq::quant
