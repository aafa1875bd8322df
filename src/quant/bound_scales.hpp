#pragma once

#include <optional>
#include <span>
#include <vector>

#include "quant/magnitude_bins.hpp"
#include "quant/window_kernel.hpp"

namespace laq::quant {

/// Where `ScaleWindow` sums H(x) = Σ d max(0, 2u − x), u = a / α: scales x relative to the previous
/// one, ascending from 0, at least one above 1, as many as one of `kPlaceCounts`. H is convex, so
/// that chords between them bound the gain x H(x) of every scale outside of the window, for ternary
/// levels (see exact.cpp).
using BoundScales = std::vector<float>;

/// For a group of which nothing is known yet.
BoundScales first_bound_scales();
/// As `Codebook::solver_state` holds it: kMostPlaces numbers, 0 after the last.
std::vector<double> carry(const BoundScales& bounds);
/// From `Group::solver_state`; nothing when that holds none.
std::optional<BoundScales> bound_scales_from(std::span<const double> solver_state);

/// One side of a group and the scale at its optimum.
struct SideOptimum {
  const MagnitudeBins* bins;
  double scale;
};

/// For weights like these: places whose chords rule the other scales out on all sides, as few as
/// leave some slack, so that they last while the weights move. Only an estimate, by bins. Nothing
/// when kMostPlaces are too few, or there is no scale.
std::optional<BoundScales> choose_bound_scales(std::span<const SideOptimum> sides, double width);

}  // namespace laq::quant
