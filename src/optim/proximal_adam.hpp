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

/// The optimizer on the CPU: one pass over memory for Adam and the sums that the
/// quantizer needs, a second one to write ŵ.
class ProximalAdam : public Optimizer {
 public:
  /// The parameters must be float32 on the CPU.
  ProximalAdam(const std::vector<nn::Parameter>& parameters, const quant::Quantization& quantizer,
               const AdamOptions& options);

  void update() override;
  std::vector<std::pair<std::string, at::Tensor>> state() const override;
  std::vector<LayerReport> report() override;

 private:
  struct Slot {
    nn::Parameter parameter;
    bool quantized;
    std::int64_t groups;                   // weights of a group are contiguous
    at::Tensor latent;                     // the model's own tensor when not quantized
    at::Tensor first, second;              // Adam's moments
    at::Tensor scales;                     // groups × scales, double
    at::Tensor solver_state;               // groups × the state, double; 0: nothing yet
    at::Tensor scale_first, scale_second;  // moments of learned scales
    at::Tensor level_index;                // uint8, of every weight at the last report
    std::vector<int> codes;                // of the quantizer's levels
    at::Tensor levels;  // groups × codes, double: ŵ of each code since the last step
    at::Tensor rounds;  // groups, int64: alternations of the last step
  };

  quant::Group group(const Slot& slot, std::int64_t index) const;
  AdamStep adam_step(bool quantized) const;
  void update(Slot& slot);
  void update_group(Slot& slot, std::int64_t index, float* gradient, const AdamStep& constants);
  void learn_scales(Slot& slot, std::int64_t index, const std::vector<double>& gradient);
  void write(Slot& slot, std::int64_t index, const quant::Group& here,
             const quant::Codebook& codebook);
  LayerReport report(Slot& slot) const;
  double gap_to_optimum(const Slot& slot, const quant::Quantizer& exact,
                        const at::Tensor& curvature) const;

  quant::Quantization quantizer_;
  quant::Gradient gradient_;  // empty: passed straight through
  AdamOptions options_;
  std::vector<Slot> slots_;
  at::Tensor curvature_;  // scratch, of the largest quantized layer
};

}  // namespace laq::optim
