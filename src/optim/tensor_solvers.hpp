#pragma once

#include <ATen/core/Tensor.h>

#include "quant/levels.hpp"
#include "quant/quantizer.hpp"

// Scales of one side of a group by tensor operations (PAPER.md, section 2). Every scale is a
// single double on the weights' device.

namespace laq::optim {

/// The weights that share a scale, as tensors on one device.
struct TensorGroup {
  at::Tensor latent;         ///< w, float, n
  at::Tensor curvature;      ///< d, float, n; undefined: uniform
  at::Tensor previous;       ///< ŵ of the previous iteration, float, n
  at::Tensor scales;         ///< its [α] or [α, β], double; all 0: there was none
  at::Tensor progress = {};  ///< of the training, 0 … 1, a single double; undefined: 0
};

/// What a solver sees of one side: magnitudes a (|w|, max(w, 0) or max(−w, 0)) and curvature d, in
/// double precision.
struct Magnitudes {
  at::Tensor a, d;
};
Magnitudes magnitudes(const TensorGroup& group, quant::Side side);

/// An x rounded down to float, and the t with `w > t` exactly when `w ≥ x`, of every element.
at::Tensor floor_to_float(const at::Tensor& x);
at::Tensor threshold_at_least(const at::Tensor& x);

/// Σ d q a / Σ d q² of the codes that a > threshold gives, or 0: q = 1.
at::Tensor top_level_scale(const Magnitudes& side, const at::Tensor& threshold);

/// TWN's threshold Δ = 0.7 mean|w|.
at::Tensor twn_threshold(const at::Tensor& latent);

/// The scale of the global minimum of equation (1): of all supports that projecting w/α can give,
/// sorted by the α at which they change. O(nk log nk).
at::Tensor exact_scale(const Magnitudes& side, const quant::LevelSet& levels);

/// Levels 0 … k in units of α and the midpoints between them, double, on a device.
struct LevelTensors {
  at::Tensor values, midpoints;
};
LevelTensors level_tensors(const quant::LevelSet& levels, c10::Device device);

struct TensorAlternation {
  at::Tensor alpha, rounds;
};
/// At most 10 updates of α, as `quant::alternating_scale`; once |Δα| < 1e-6 the rest change
/// nothing.
TensorAlternation alternating_scale(const TensorGroup& group, quant::Side side,
                                    const LevelTensors& levels);
/// The same of `quant::released_scale`.
TensorAlternation released_scale(const TensorGroup& group, const LevelTensors& levels);

}  // namespace laq::optim
