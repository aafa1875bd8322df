#pragma once

#include <cstddef>
#include <functional>

namespace laq::optim {

/// One Adam step's constants (Kingma & Ba), the bias corrections folded in.
struct AdamStep {
  float beta1, beta2;
  float rate;             ///< learning rate / (1 − β₁ᵗ)
  float root_correction;  ///< 1 / sqrt(1 − β₂ᵗ)
  float epsilon;
  float clip;  ///< w is kept in [−clip, clip]; infinity: not clipped
};

/// For n parameters in one pass over memory, in parallel: m ← β₁ m + (1−β₁) g, v ← β₂ v + (1−β₂)
/// g², w ← clip(w − rate · m / (root_correction · √v + ε)) and, unless `curvature` is null, d ← √v
/// + 1e-8.
/// `after(begin, count)`, unless empty, is called with every chunk that is done, while it is in
/// cache.
void adam_update(float* w, float* m, float* v, const float* g, float* curvature, std::size_t n,
                 const AdamStep& step,
                 const std::function<void(std::size_t, std::size_t)>& after = {});

}  // namespace laq::optim
