#pragma once

#include <cmath>

#include "core/device.hpp"
#include "core/parallel.hpp"

namespace laq::kernels {

/// One Adam step's constants (Kingma & Ba), the bias corrections folded in.
struct AdamStep {
  float beta1, beta2;
  float rate;             ///< learning rate / (1 − β₁ᵗ)
  float root_correction;  ///< 1 / sqrt(1 − β₂ᵗ)
  float epsilon;
  float clip;                      ///< w is kept in [−clip, clip]; infinity: not clipped
  bool sgd = false;                ///< w follows SGD instead; v is kept all the same
  float momentum = 0;              ///< of SGD
  bool squared_curvature = false;  ///< d is the square of √v + 1e-8
};

/// One weight's step: m ← β₁ m + (1−β₁) g, v ← β₂ v + (1−β₂) g², w ← clip(w − rate · m /
/// (root_correction · √v + ε)). SGD: m ← momentum · m + g, w ← clip(w − rate · m). Returns √v.
template <bool Sgd>
LAQ_DEVICE LAQ_INLINE float move_weight(float& w, float& m, float& v, float g, const AdamStep& s) {
  m = Sgd ? s.momentum * m + g : s.beta1 * m + (1 - s.beta1) * g;
  v = s.beta2 * v + (1 - s.beta2) * g * g;
  const float root = sqrtf(v);
  const float scale = Sgd ? 1 : s.root_correction * root + s.epsilon;
  const float moved = w - s.rate * m / scale;
  // Comparisons in this order leave a NaN as it is, so that divergence is seen.
  const float below = moved > s.clip ? s.clip : moved;
  w = below < -s.clip ? -s.clip : below;
  return root;
}

/// The same of a learned scale, in double precision.
struct ScaleStep {
  double beta1, beta2, epsilon;
  double rate;   ///< learning rate, times the method's factor
  double count;  ///< t, from 1
  bool sgd;
  double momentum;
};

/// A learned scale stays positive.
inline constexpr double kSmallestLearnedScale = 1e-6;

LAQ_DEVICE inline void move_scale(double& scale, double& m, double& v, double g,
                                  const ScaleStep& s) {
  m = s.sgd ? s.momentum * m + g : s.beta1 * m + (1 - s.beta1) * g;
  v = s.beta2 * v + (1 - s.beta2) * g * g;
  const double corrected = sqrt(v / (1 - pow(s.beta2, s.count))) + s.epsilon;
  scale -= s.sgd ? s.rate * m : s.rate / (1 - pow(s.beta1, s.count)) * m / corrected;
  scale = scale > kSmallestLearnedScale ? scale : kSmallestLearnedScale;
}

}  // namespace laq::kernels
