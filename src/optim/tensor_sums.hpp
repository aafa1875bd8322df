#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "quant/quantizer.hpp"

namespace laq::optim {

/// Scales of the previous iteration, as `quant::Group` has them: none when no one is positive.
std::vector<double> known_scales(const at::Tensor& scales);

/// The sums of weights on any device, by tensor operations: a few numbers come to the host for each
/// question. Only the search for an optimum brings the weights.
class TensorSums : public quant::Sums {
 public:
  /// w, d (undefined: uniform) and ŵ, float, n each; α or α and β of the previous iteration.
  TensorSums(const at::Tensor& latent, const at::Tensor& curvature, const at::Tensor& previous,
             std::vector<double> known, double training_progress);

  quant::MagnitudeSums magnitudes(quant::Side side) override;
  quant::LevelSums levels(quant::Side side, std::span<const float> steps,
                          std::span<const float> thresholds) override;
  bool has_previous() const override { return !scales.empty(); }
  quant::BySign previous(bool by_sign) override;
  quant::LevelSums used() override;
  double optimum(quant::Side side, const quant::LevelSet& levels) override;

 private:
  at::Tensor magnitude(quant::Side side) const;

  at::Tensor latent_, curvature_, previous_;  // double
};

}  // namespace laq::optim
