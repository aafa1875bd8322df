#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "optim/adam_kernel.hpp"
#include "optim/optimizer.hpp"

namespace laq::optim {

/// The optimizer on the CPU: one fused pass over memory for Adam and the rule.
class ProximalAdam : public Optimizer {
 public:
  /// The parameters must be float32 on the CPU.
  ProximalAdam(const std::vector<nn::Parameter>& parameters, const quant::Quantizer& quantizer,
               const AdamOptions& options);

  void prepare(double learning_rate) override;
  void update() override;
  std::vector<std::pair<std::string, at::Tensor>> state() const override;
  std::vector<LayerReport> report() override;

 private:
  struct Slot {
    nn::Parameter parameter;
    bool quantized;
    std::int64_t groups;       // weights of a group are contiguous
    at::Tensor latent;         // the model's own tensor when not quantized
    at::Tensor first, second;  // Adam's moments
    at::Tensor scales;         // groups × scales, double
    at::Tensor carried;        // groups × what the rule carries, double; 0: nothing yet
    at::Tensor scale_first, scale_second;  // moments of learned scales
    at::Tensor level_index;                // uint8, of every weight at the last report
    std::vector<int> codes;                // of the rule's levels
    at::Tensor levels;  // groups × codes, double: ŵ of each code since the last step
    at::Tensor rounds;  // groups, int64: alternations of the last step
  };

  quant::Group group(const Slot& slot, std::int64_t index, const float* curvature) const;
  AdamStep adam_step(bool clipped) const;
  void update(Slot& slot);
  void to_latent(Slot& slot, std::span<float> gradient);
  void learn_scales(Slot& slot, std::int64_t index, const std::vector<double>& gradient);
  void project(Slot& slot, const float* curvature);
  LayerReport report(Slot& slot) const;
  double gap_to_optimum(const Slot& slot, const quant::Rule& exact,
                        const at::Tensor& curvature) const;
  void update_group(Slot& slot, std::int64_t index, const float* gradient,
                    const AdamStep& constants);
  void write(Slot& slot, std::int64_t index, const quant::Group& here,
             const quant::StepFunction& step);
  void keep(Slot& slot, std::int64_t index, const quant::StepFunction& step);

  quant::Quantizer quantizer_;
  AdamOptions options_;
  double learning_rate_ = 0;  // of the present step
  std::vector<Slot> slots_;
  at::Tensor curvature_;  // scratch, of the largest quantized layer
};

}  // namespace laq::optim
