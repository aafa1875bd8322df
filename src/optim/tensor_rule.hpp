#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "quant/rule.hpp"

namespace laq::optim {

/// The weights that share a scale, as tensors on one device.
struct TensorGroup {
  at::Tensor latent;     ///< w, float, n
  at::Tensor curvature;  ///< d, float, n; undefined: uniform
  at::Tensor previous;   ///< ŵ of the previous iteration, float, n
  at::Tensor scales;     ///< its [α] or [α, β], double; all 0: there was none
};

/// ŵ as a step function of w (`quant::StepFunction`), on the device.
struct TensorFit {
  at::Tensor thresholds;  ///< float, ascending
  at::Tensor values;      ///< float, one more
  at::Tensor scales;      ///< double
  at::Tensor rounds;      ///< updates of α by an alternating solver, a single integer

  /// ŵ for every weight.
  at::Tensor apply(const at::Tensor& latent) const;
};

/// A rule's fit by tensor operations alone: no value is brought to the host, so nothing waits for
/// the device. The optima are those of `Rule::fit` up to rounding: both sum in double precision,
/// in another order. What is not finite gives ŵ that is not, instead of an error. A rule without a
/// formula is asked for its `fit` on a copy in the host's memory.
class TensorRule {
 public:
  explicit TensorRule(std::shared_ptr<const quant::Rule> rule);

  TensorFit fit(const TensorGroup& group) const;
  /// TTQ: the gradient of [Wp, Wn], double; `gradient` becomes that of the latent weights. Rules
  /// that learn no scales pass it on and return nothing. Usage error: another that learns them.
  at::Tensor backward(const TensorGroup& group, const at::Tensor& gradient) const;
  const quant::Rule& rule() const { return *rule_; }

 private:
  std::shared_ptr<const quant::Rule> rule_;
  quant::Formula formula_;
};

}  // namespace laq::optim
