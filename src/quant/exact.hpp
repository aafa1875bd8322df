#pragma once

#include "quant/group_sums.hpp"

namespace laq::quant {

/// The scale α ≥ 0 at the global minimum of equation (1) on one side of a group, for level sets
/// with a zero (ternary, linear, log); among equal minima the smallest. The optimal codes are the
/// nearest levels to a/α. O(n) and no sort: see exact.cpp. `bins` are of the sums, by sign unless
/// the side is `both`; `largest` is the largest |w| of the group.
double exact_scale(Sums& sums, Side side, const LevelSet& levels, const BinCounter& bins,
                   float largest);

}  // namespace laq::quant
