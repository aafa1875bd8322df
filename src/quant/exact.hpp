#pragma once

#include "quant/levels.hpp"
#include "quant/magnitude_bins.hpp"

namespace laq::quant {

/// The scale α ≥ 0 at the global minimum of equation (1) on one side of a group, for level sets
/// with a zero (ternary, linear, log); among equal minima the smallest. The optimal codes are the
/// nearest levels to a/α. O(n) and no sort: see exact.cpp. `bins` are of the group, by sign unless
/// the side is `both`; `largest` is its largest |w|.
double exact_scale(const Group& group, Side side, const LevelSet& levels, const BinCounter& bins,
                   float largest);

}  // namespace laq::quant
