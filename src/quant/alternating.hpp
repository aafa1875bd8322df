#pragma once

#include <functional>

#include "quant/group.hpp"
#include "quant/levels.hpp"
#include "quant/passes.hpp"

namespace laq::quant {

inline constexpr int kMostRounds = 10;                 ///< updates of α
inline constexpr double kAlternatingTolerance = 1e-6;  ///< of α
inline constexpr double kTwnFactor = 0.7;              ///< of mean|w|

/// The optimal scale of the codes ±1 where a side's magnitude is above the threshold; 0: none is.
double top_level_scale(const Group& group, Side side, double threshold);

/// TWN's threshold Δ = 0.7 mean|w|; codes are ±1 where |w| > Δ.
double twn_threshold(const Group& group);
/// The same from the sums over all n weights.
double twn_threshold(const MagnitudeSums& sums, std::size_t n);

struct AlternatingResult {
  double alpha = 0;       ///< 0 when no code is nonzero
  int rounds = 0;         ///< updates of α, at most 10
  bool converged = true;  ///< |Δα| < 1e-6 was met
};

/// Where the previous iteration's codes put the scale of a side now; 0: there were none.
double previous_scale(const Group& group, Side side, const BySign& previous);

/// Alternates α ← Σ d q w / Σ d q² and q ← nearest level to a/α (PAPER.md, "Alternating solver")
/// from a first scale on; `sums(α)` gives both sums for the levels nearest to a/α.
AlternatingResult alternate(double first, const std::function<LevelSums(double)>& sums);

/// The same on one side of a group. Starts from the previous ŵ when there is one, else from TWN's
/// codes, else (no weight of this side above TWN's threshold) from those of this side alone. One
/// streaming pass a round.
AlternatingResult alternating_scale(const Group& group, Side side, const LevelSet& levels);

}  // namespace laq::quant
