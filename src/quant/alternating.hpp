#pragma once

#include "quant/group.hpp"
#include "quant/levels.hpp"
#include "quant/passes.hpp"

namespace laq::quant {

/// TWN's threshold Δ = 0.7 mean|w|; codes are ±1 where |w| > Δ.
double twn_threshold(const Group& group);
/// The same from the sums over all n weights.
double twn_threshold(const MagnitudeSums& sums, std::size_t n);

struct AlternatingResult {
  double alpha = 0;       ///< 0 when no code is nonzero
  int rounds = 0;         ///< updates of α, at most 10
  bool converged = true;  ///< |Δα| < 1e-6 was met
};

/// Alternates α ← Σ d q w / Σ d q² and q ← nearest level to a/α (PAPER.md, "Alternating solver") on
/// one side of a group. Starts from the previous ŵ when there is one, else from TWN's codes, else
/// (no weight of this side above TWN's threshold) from those of this side alone. One streaming pass
/// a round.
/// `previous`: `previous_sums` of this side, when they are known already.
AlternatingResult alternating_scale(const Group& group, Side side, const LevelSet& levels,
                                    const LevelSums* previous = nullptr);

}  // namespace laq::quant
