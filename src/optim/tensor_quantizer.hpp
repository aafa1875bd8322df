#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "optim/tensor_solvers.hpp"
#include "quant/device_fit.hpp"
#include "quant/quantizer.hpp"

namespace laq::optim {

/// ŵ as a step function of w (`quant::Codebook`), on the device.
struct TensorFit {
  at::Tensor thresholds;  ///< float, ascending
  at::Tensor values;      ///< float, one more
  at::Tensor scales;      ///< double
  at::Tensor rounds;      ///< updates of α by an alternating solver, a single integer
  /// Of a relaxed one, double but for the float knots; undefined: of one that never is.
  at::Tensor knots = {}, offsets = {}, slopes = {};
  at::Tensor discrete = {};  ///< whether ŵ has the levels alone

  /// ŵ for every weight.
  at::Tensor apply(const at::Tensor& latent) const;
};

/// A method's fit by tensor operations alone: no value is brought to the host, so nothing waits for
/// the device. The optima are those of `quant::fit` up to rounding: both sum in double precision,
/// in another order. A weight that is not a number stays one that is not, instead of an error. A
/// method without a `device_fit` is asked for its `fit`, whose sums are then brought to the host.
class TensorQuantizer {
 public:
  explicit TensorQuantizer(std::shared_ptr<const quant::Quantizer> method,
                           c10::Device device = at::kCPU);

  TensorFit fit(const TensorGroup& group) const;
  /// `quant::Gradient`: `of_quantized` becomes that of the latent weights; the result is that of
  /// the learned scales, double, undefined when there are none. Without a `device_fit`, by way of
  /// the host.
  at::Tensor gradient(const TensorGroup& group, const at::Tensor& of_quantized) const;
  /// Whether the method has a gradient of its own; otherwise it is passed straight through.
  bool has_gradient() const { return gradient_ != nullptr; }
  const quant::Quantizer& method() const { return *method_; }
  /// Whether it needs nothing of the host.
  bool on_device() const { return !std::holds_alternative<std::monostate>(fit_); }

 private:
  std::shared_ptr<const quant::Quantizer> method_;
  quant::DeviceFit fit_;
  quant::Gradient gradient_;
  std::optional<LevelTensors> levels_;  // of a proximal method
};

}  // namespace laq::optim
