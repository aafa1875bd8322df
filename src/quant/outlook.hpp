#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "quant/magnitude_bins.hpp"
#include "quant/window_kernel.hpp"

namespace laq::quant {

/// Scales x relative to the previous one, ascending from 0, at least one above 1: where
/// `ScaleWindow` sums H(x) = Σ d max(0, 2u − x), u = a / α. H is convex, so that chords between
/// them bound the gain x H(x) of every scale outside of the window, for ternary levels (see
/// exact.cpp).
using Outlook = std::array<float, kOutlooks>;

/// For a group of which nothing is known yet.
Outlook first_outlook();
/// From `Group::carried`; nothing when that holds none.
std::optional<Outlook> outlook_from(std::span<const double> carried);

/// One side of a group and the scale at its optimum.
struct SideOptimum {
  const MagnitudeBins* bins;
  double scale;
};

/// For weights like these: the places whose chords rule the other scales out on all sides, as far
/// beyond each other's need as `kOutlooks` places allow, so that they last while the weights move.
/// Only an estimate, by bins. Nothing when there are too few places, or no scale.
std::optional<Outlook> choose_outlook(std::span<const SideOptimum> sides, double width);

}  // namespace laq::quant
