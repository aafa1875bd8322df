#pragma once

#include <utility>

#include "quant/group.hpp"
#include "quant/levels.hpp"

namespace laq::quant {

/// The scale α ≥ 0 at the global minimum of equation (1) on one side of a group, for level sets
/// with a zero (ternary, linear, log); among equal minima the smallest. The optimal codes are the
/// nearest levels to a/α. O(n) and no sort: see exact.cpp. `largest` is the largest magnitude of
/// that side; 0 gives 0.
double exact_scale(const Group& group, Side side, const LevelSet& levels, float largest);

/// The same for both signs at once: [α for w > 0, β for w < 0], from one binning pass. `largest` is
/// the largest |w|.
std::pair<double, double> exact_scales(const Group& group, const LevelSet& levels, float largest);

}  // namespace laq::quant
