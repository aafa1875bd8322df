#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace laq::quant {

/// The weights that share a scale: of a tensor, a gate's block or an output row. All spans have the
/// same length n.
struct Group {
  std::span<const float> latent;     ///< w
  std::span<const float> curvature;  ///< d > 0; empty means uniform
  std::span<const float>
      previous;  ///< ŵ of the previous iteration; empty or with zero scales: there was none
  std::vector<double> scales;  ///< the previous iteration's [α] or [α, β]; empty: there was none
  std::vector<double> solver_state = {};  ///< of the last `Codebook` that had one; empty: none had
  double progress = 0;                    ///< of the training, 0 … 1
};

/// d = √v + this.
inline constexpr float kCurvatureFloor = 1e-8f;
/// d ← √v + 1e-8, or its square.
void curvature_of(std::span<const float> second_moment, float* curvature, bool squared = false);
/// d ← d², of a part that is in cache.
void square(float* curvature, std::size_t n);

/// Errors unless every value is finite (and, for curvature, positive): what, index and value.
void require_usable(const Group& group);

}  // namespace laq::quant
