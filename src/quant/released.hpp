#pragma once

#include "quant/alternating.hpp"

namespace laq::quant {

/// The scale rule of the authors' released code for m-bit LAQ (PAPER.md, "The released scale
/// rule"): α ← Σ d |q w| / Σ d |q|, which is not the minimiser of equation (1) (that divides by
/// Σ d q²). Starts anew each time from the sign of the previous ŵ, or from TWN's codes when there
/// is none; then q ← nearest level to |w|/α, half-way up, and α again, until |Δα| < 1e-6, at most
/// 10 times. `rounds` counts the start too.
AlternatingResult released_scale(const Group& group, const LevelSet& levels);

}  // namespace laq::quant
