#pragma once

#include "core/device.hpp"

namespace laq::quant {

/// A latent weight's gradient, and what it adds to the sums of which the scales' gradients are
/// made.
struct WeightGradient {
  float gradient;
  double scales[2] = {0, 0};
};

/// The gradient at ŵ is that of w.
struct StraightThrough {
  LAQ_DEVICE WeightGradient operator()(float /*w*/, float /*quantized*/, float g) const {
    return {g, {0, 0}};
  }
};

}  // namespace laq::quant
