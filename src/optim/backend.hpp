#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/layer.hpp"
#include "kernels/report.hpp"
#include "nn/model.hpp"
#include "quant/quantizer.hpp"

namespace laq::optim {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Scales of a layer's groups, groups × scales, double, and their moments where they are learned.
struct GroupScales {
  at::Tensor values, first, second;
};

/// A parameter and what the optimizer keeps of it, on the parameter's device.
struct Slot {
  nn::Parameter parameter;
  bool quantized = false;
  at::Tensor latent;         ///< w; the model's own tensor when not quantized
  at::Tensor first, second;  ///< Adam's moments
  // Of quantized ones.
  std::int64_t groups = 1;  ///< the weights of each are contiguous
  GroupScales scales;
  at::Tensor levels;       ///< groups × codes, double: ŵ of each code since the last step
  at::Tensor rounds;       ///< groups, int64: alternations of the last step
  at::Tensor level_index;  ///< uint8, of every weight at the last report
  NamedTensors solver;     ///< what the backend's solvers keep from step to step

  std::int64_t group_size() const { return latent.numel() / groups; }
};

/// What an optimizer works on.
struct Memory {
  quant::Quantization quantizer;
  std::vector<int> codes;  ///< of the quantizer's levels
  kernels::Settings settings;
  std::vector<Slot> slots;  ///< in the order of the parameters
};

/// Of one layer's weights, counted for the report.
struct Tally {
  std::vector<double> counts;                               ///< as `kernels::ReportLayout` says
  std::array<double, kernels::ReportLayout::kSums> sums{};  ///< likewise
  double largest = 0;                                       ///< max|w|
};

/// Equation (1), with the curvature that the quantizer uses.
struct Objective {
  double found = 0, least = 0;  ///< at ŵ, and at its minimum
};

/// Where the weights are: the passes over them.
class Backend {
 public:
  virtual ~Backend() = default;

  /// Codebooks and ŵ of the present weights, with uniform curvature.
  virtual void start() = 0;
  /// The updates that follow: `next.count` steps were made before them.
  virtual void prepare(const kernels::Step& /*next*/) {}
  /// One update with the gradients that are in the parameters, which are then dropped.
  virtual void update(const kernels::Step& now) = 0;
  /// Whether that is the same sequence of device operations each time.
  virtual bool capturable() const { return false; }

  virtual Tally tally(Slot& slot) = 0;
  /// `exact`: the method that finds the minimum.
  virtual Objective objective(Slot& slot, const quant::Quantizer& exact) = 0;
  /// Groups whose windows did not hold in the last step: they took passes of their own.
  virtual std::int64_t windows_lost() const { return 0; }
};

/// The host's memory. The memory must outlive the backend.
std::unique_ptr<Backend> make_host_backend(Memory& memory);
/// A GPU's, by kernels (src/kernels); also the host's, by one thread. Groups of up to `small_group`
/// weights are each looked at by one block.
std::unique_ptr<Backend> make_kernel_backend(Memory& memory, std::int64_t small_group);

/// The method's own gradient of one group, in place, and the step of its learned scales. `scales`,
/// whose row `index` is the group's: in the host's memory.
void learn(const Memory& memory, const kernels::Step& now, const quant::Group& group,
           std::span<float> gradient, const GroupScales& scales, std::int64_t index);
/// A group's part of a tensor in the host's memory.
template <typename T = float>
std::span<T> part(const at::Tensor& tensor, const Slot& slot, std::int64_t group) {
  const std::int64_t n = slot.group_size();
  return {tensor.data_ptr<T>() + group * n, static_cast<std::size_t>(n)};
}
/// d = √v + 1e-8 of all weights, or its square.
at::Tensor curvature_of(const Slot& slot, bool squared);
/// A tensor's values, brought to the host.
std::vector<double> numbers(const at::Tensor& tensor);
/// A group's numbers of a groups × n tensor of doubles in the host's memory.
std::span<double> row(const at::Tensor& tensor, std::int64_t group);
/// Error: the method has another number of levels than before.
void require_levels(const quant::Codebook& codebook, std::size_t levels);

}  // namespace laq::optim
