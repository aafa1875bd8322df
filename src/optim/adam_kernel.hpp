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
  float clip;                      ///< w is kept in [−clip, clip]; infinity: not clipped
  bool sgd = false;                ///< w follows SGD instead; v is kept all the same
  float momentum = 0;              ///< of SGD
  bool squared_curvature = false;  ///< `after` gets d²
};

/// Told of weights begin … begin + count − 1 that have their new values, and of their curvature
/// (null when it was not asked for), while both are in cache. The blocks are those of
/// `for_cache_blocks`.
using AfterBlock =
    std::function<void(std::size_t begin, std::size_t count, const float* curvature)>;

/// For n parameters in one pass over memory, in parallel: m ← β₁ m + (1−β₁) g, v ← β₂ v + (1−β₂)
/// g², w ← clip(w − rate · m / (root_correction · √v + ε)). `curved`: `after` gets d = √v + 1e-8.
/// With `sgd`: m ← momentum · m + g, w ← clip(w − rate · m).
void adam_update(float* w, float* m, float* v, const float* g, std::size_t n, const AdamStep& step,
                 bool curved = false, const AfterBlock& after = {});

}  // namespace laq::optim
