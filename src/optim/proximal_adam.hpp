#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/model.hpp"
#include "optim/adam_kernel.hpp"
#include "quant/rule.hpp"

namespace laq::optim {

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double clip = 1;           ///< bound of the latent weights of quantized layers
  double clip_gradient = 0;  ///< bound of every element of the gradients; 0: none
};

/// What a quantizer did to one layer, for the record.
struct LayerReport {
  std::string name;
  std::vector<double> scales;       ///< groups × scales
  std::vector<int> codes;           ///< the rule's codes, ascending
  std::vector<double> level_share;  ///< fraction of the weights at each code
  double zero_fraction = 0;         ///< fraction of ŵ that is 0
  double flips = 0;  ///< fraction of the weights whose code is not that of the previous report
  double weighted_error = 0;  ///< equation (1) at w, d = √v + 1e-8, ŵ; summed over groups
  double rounds = 0;          ///< alternations of the last step, mean over groups
};

/// The paper's proximal Newton step (PAPER.md section 1): Adam moves the latent weights w with the
/// gradient taken at the model's weights, w is clipped, Adam's second moment gives the curvature d
/// = √v + 1e-8, and the rule's prox writes ŵ into the model. Parameters that are not quantized are
/// moved by Adam alone, in place. The optimizer owns w, the moments and the scales; the model's
/// tensors always hold ŵ.
class ProximalAdam {
 public:
  /// `quantizer.rule` null: plain Adam on everything. Takes the model's present weights as w and
  /// quantizes them with uniform curvature. The model's parameters must be float32 on the CPU and
  /// outlive the optimizer.
  ProximalAdam(const std::vector<nn::Parameter>& parameters, const quant::Quantizer& quantizer,
               const AdamOptions& options);

  /// One iteration with the gradients that are in the parameters, which are then dropped.
  /// Error: a weight or gradient is not finite.
  void step(double learning_rate);

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

  /// Everything that a resumed run needs besides the model: latent weights, moments, scales and
  /// what the last step found, by name.
  std::vector<std::pair<std::string, at::Tensor>> state() const;

  /// Of every quantized layer, with flips since the call before. Reads all weights a few times.
  std::vector<LayerReport> report();

 private:
  struct Slot {
    nn::Parameter parameter;
    bool quantized;
    std::int64_t groups;                   // weights of a group are contiguous
    at::Tensor latent;                     // the model's own tensor when not quantized
    at::Tensor first, second;              // Adam's moments
    at::Tensor scales;                     // groups × scales, double
    at::Tensor scale_first, scale_second;  // moments of learned scales
    at::Tensor level_index;                // uint8, of every weight at the last report
    std::vector<int> codes;                // of the rule's levels
    at::Tensor levels;  // groups × codes, double: ŵ of each code since the last step
    at::Tensor rounds;  // groups, int64: alternations of the last step
  };

  std::int64_t groups_of(const nn::Parameter& parameter) const;
  quant::Group group(const Slot& slot, std::int64_t index, const float* curvature) const;
  AdamStep adam_step(double learning_rate, bool clipped) const;
  void update(Slot& slot, double learning_rate);
  void learn_scales(Slot& slot, std::int64_t index, std::vector<double> gradient,
                    double learning_rate);
  void project(Slot& slot, const float* curvature);
  LayerReport report(Slot& slot) const;
  void update_group(Slot& slot, std::int64_t index, const float* gradient,
                    const AdamStep& constants);
  void write(Slot& slot, std::int64_t index, const quant::Group& here,
             const quant::StepFunction& step);
  void keep(Slot& slot, std::int64_t index, const quant::StepFunction& step);

  quant::Quantizer quantizer_;
  AdamOptions options_;
  std::vector<Slot> slots_;
  at::Tensor curvature_;  // scratch, of the largest quantized layer
  std::int64_t steps_ = 0;
};

}  // namespace laq::optim
