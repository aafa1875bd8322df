#pragma once

#include <optional>

#include "optim/optimizer.hpp"
#include "optim/proximal_adam.hpp"
#include "optim/tensor_quantizer.hpp"

namespace laq::optim {

/// `ProximalAdam` by tensor operations, on whatever device the parameters are: for GPUs. No value
/// goes to or from the host in `update`. Its state has the names, types and shapes of
/// `ProximalAdam`'s, so a checkpoint of one device can be continued on another (not bitwise). What
/// is not finite shows in the loss.
class TensorProximalAdam : public Optimizer {
 public:
  TensorProximalAdam(const std::vector<nn::Parameter>& parameters,
                     const quant::Quantization& quantizer, const AdamOptions& options);

  void prepare(double learning_rate, Progress progress) override;
  void update() override;
  bool capturable() const override;
  std::vector<std::pair<std::string, at::Tensor>> state() const override { return state_; }
  /// By a `ProximalAdam` on copies in the host's memory.
  std::vector<LayerReport> report() override;

 private:
  struct Slot {
    nn::Parameter parameter;
    bool quantized;
    std::int64_t groups;  // weights of a group are contiguous
    // Of the state; the latent weights of what is not quantized are the model's own.
    at::Tensor latent, first, second, scales, scale_first, scale_second, levels, rounds;
  };

  at::Tensor state(const nn::Parameter& parameter, const char* name) const;
  TensorGroup group(const Slot& slot, std::int64_t index, const at::Tensor& curvature) const;
  at::Tensor take_gradient(Slot& slot);
  void learn_scales(Slot& slot, std::int64_t index, const at::Tensor& gradient);
  void project(Slot& slot, const at::Tensor& curvature);
  void describe_steps();
  void move(const at::Tensor& w, const at::Tensor& m, const at::Tensor& root,
            const at::Tensor& rate, double factor = 1) const;

  AdamOptions options_;
  std::optional<TensorQuantizer> quantizer_;
  // On the device, doubles: a row for each of the steps that follow, the number of the next row,
  // and a copy of the present step's, of whose values the other tensors are views.
  at::Tensor steps_ahead_, next_, present_;
  at::Tensor rate_, quantized_rate_, correction_, share_done_;
  std::int64_t described_ = 0;  // rows not yet used
  std::vector<Slot> slots_;
  std::vector<std::pair<std::string, at::Tensor>> state_;
  std::vector<nn::Parameter> host_parameters_;
  std::unique_ptr<ProximalAdam> host_;  // quantizes the first weights, and makes the reports
};

}  // namespace laq::optim
