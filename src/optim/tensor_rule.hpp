#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "optim/tensor_solvers.hpp"
#include "quant/rule.hpp"

namespace laq::optim {

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
/// in another order. A weight that is not a number stays one that is not, instead of an error. A
/// rule without a formula is asked for its `fit` on a copy in the host's memory.
class TensorRule {
 public:
  explicit TensorRule(std::shared_ptr<const quant::Rule> rule, c10::Device device = at::kCPU);

  TensorFit fit(const TensorGroup& group) const;
  /// `quant::Backward`: `gradient` becomes that of the latent weights; the result is that of the
  /// learned scales, double, undefined when there are none. Without a formula, by way of the host.
  at::Tensor backward(const TensorGroup& group, const at::Tensor& gradient) const;
  /// Whether the rule has a gradient of its own; otherwise it is passed straight through.
  bool has_gradient() const { return backward_ != nullptr; }
  const quant::Rule& rule() const { return *rule_; }
  /// Whether it needs nothing of the host: it has a formula.
  bool on_device() const { return !std::holds_alternative<std::monostate>(formula_); }

 private:
  std::shared_ptr<const quant::Rule> rule_;
  quant::Formula formula_;
  quant::Backward backward_;
  std::optional<LevelTensors> levels_;  // of a proximal rule
};

}  // namespace laq::optim
