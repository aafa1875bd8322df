#pragma once

#include "quant/group.hpp"
#include "quant/levels.hpp"
#include "quant/magnitude_bins.hpp"

namespace laq::quant {

/// The scale α ≥ 0 at the global minimum of equation (1) on one side of a group, for level sets
/// with a zero (ternary, linear, log); among equal minima the smallest. The optimal codes are the
/// nearest levels to a/α. O(n) and no sort: see exact.cpp. `largest` is the largest magnitude of
/// that side; 0 gives 0.
double exact_scale(const Group& group, Side side, const LevelSet& levels, float largest);

/// The same from bins counted before, of this side or by sign. `largest` is the largest |w| of the
/// group.
double exact_scale(const Group& group, Side side, const LevelSet& levels, const BinCounter& counted,
                   float largest);

}  // namespace laq::quant
