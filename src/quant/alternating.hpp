#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "quant/codebook.hpp"
#include "quant/levels.hpp"
#include "quant/sums.hpp"

namespace laq::quant {

inline constexpr int kMostRounds = 10;                 ///< updates of α
inline constexpr double kAlternatingTolerance = 1e-6;  ///< of α
inline constexpr double kTwnFactor = 0.7;              ///< of mean|w|

/// TWN's threshold Δ = 0.7 mean|w| (Li & Liu 2016); codes are ±1 where |w| > Δ.
template <typename S>
LAQ_DEVICE double twn_threshold(S& sums, Side side = Side::both) {
  return kTwnFactor * (sums.magnitudes(side).a / static_cast<double>(sums.count));
}

/// The optimal scale of the codes ±1 where a side's magnitude is above the threshold; 0: none is.
template <typename S>
LAQ_DEVICE double top_level_scale(S& sums, Side side, double threshold) {
  const float steps[] = {0, 1}, limit = floor_to_float(threshold);
  return sums.levels(side, {steps, 2}, {&limit, 1}).scale();
}

struct Alternation {
  double alpha = 0;       ///< 0 when no code is nonzero
  int rounds = 0;         ///< values of α, the first one included
  bool converged = true;  ///< |Δα| < 1e-6 was met
};

/// Updates a first scale until it moves by less than 1e-6, or there were `most` values.
template <typename Update>
LAQ_DEVICE Alternation alternate(double first, int most, const Update& update) {
  Alternation result{first, 1, false};
  while (result.alpha > 0 && result.rounds < most && !result.converged) {
    const double before = result.alpha;
    result.alpha = update(before);
    ++result.rounds;
    result.converged = fabs(result.alpha - before) < kAlternatingTolerance;
  }
  if (result.alpha <= 0) result.converged = true;
  return result;
}

/// Alternates α ← Σ d q w / Σ d q² and q ← nearest level to a/α (docs/mathematics.md, "Solvers") on
/// one side of a group. Starts from the previous ŵ when there is one, else from TWN's codes, else
/// (no weight of this side above TWN's threshold) from those of this side alone.
template <typename S>
LAQ_DEVICE Alternation alternating_scale(S& sums, Side side, const LevelSet& levels) {
  double first = 0;
  if (sums.has_previous())
    first = sums.scale(side) * sums.previous(side != Side::both).of(side).scale();
  if (!(first > 0)) first = top_level_scale(sums, side, twn_threshold(sums));
  if (!(first > 0) && side != Side::both)
    first = top_level_scale(sums, side, twn_threshold(sums, side));
  return alternate(first, kMostRounds, [&](double alpha) {
    return sums.nearest(side, levels, alpha).scale(levels.unit());
  });
}

/// The scale rule of the authors' released code for m-bit LAQ (docs/reproduction.md, "The released
/// scale rule"): α ← Σ d |q w| / Σ d |q|, which is not the minimiser of equation (1) (that divides
/// by Σ d q²). Starts anew each time from the sign of the previous ŵ, or from TWN's codes when
/// there is none; a magnitude half-way goes to the larger level; the start is not one of the ten
/// updates.
template <typename S>
LAQ_DEVICE Alternation released_scale(S& sums, const LevelSet& levels) {
  double first = sums.has_previous() ? sums.used().mean() : 0;
  if (!(first > 0)) first = top_level_scale(sums, Side::both, twn_threshold(sums));
  return alternate(first, kMostRounds + 1, [&](double alpha) {
    float thresholds[LevelSet::kMost];
    for (int j = 1; j <= levels.k(); ++j)
      thresholds[j - 1] = threshold_at_least(alpha * levels.midpoint(j));
    const auto k = static_cast<std::size_t>(levels.k());
    return sums.levels(Side::both, levels.steps(), {thresholds, k}).mean();
  });
}

}  // namespace laq::quant
