#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "optim/adam_options.hpp"
#include "optim/backend.hpp"
#include "optim/layer_report.hpp"

namespace laq::optim {

/// How far a training is, for methods that anneal.
struct Progress {
  /// Of steps done, or of a share.
  Progress(double steps = 0, double all = 1) : done(steps), total(all) {}
  /// 0 … 1; 1 where nothing is to be done.
  double value() const { return total > 0 ? std::clamp(done / total, 0.0, 1.0) : 1.0; }

  double done, total;
};

/// For tests: the kernels (src/kernels) on a CPU, too.
struct ByKernels {
  std::int64_t small_group = kernels::kSmallGroup;
};

/// The paper's proximal Newton step (docs/mathematics.md): Adam moves the latent weights w with the
/// gradient taken at the model's weights, w is clipped, Adam's second moment gives the curvature d
/// = √v + 1e-8, and the quantizer writes ŵ into the model. Parameters that are not quantized are
/// moved by Adam alone, in place. The optimizer owns w, the moments and the scales; the model's
/// tensors always hold ŵ.
///
/// On a GPU a large layer's update begins as soon as the backward pass has its gradient, next to
/// the backward pass of the layers before it; every backward pass must be followed by an `update`.
class ProximalAdam {
 public:
  /// `quantizer.method` null: plain Adam on everything. Takes the model's present weights as w and
  /// quantizes them with uniform curvature. The parameters must be float32, on one device, and
  /// outlive the optimizer.
  ProximalAdam(const std::vector<nn::Parameter>& parameters, const quant::Quantization& quantizer,
               const AdamOptions& options, std::optional<ByKernels> by_kernels = {});
  ProximalAdam(const ProximalAdam&) = delete;  // the backend refers to its memory

  /// One iteration with the gradients that are in the parameters, which are then dropped.
  /// `progress`: of the training with this step. Error, on the CPU: a weight or gradient is not
  /// finite; on a GPU that shows in the loss.
  void step(double learning_rate, Progress progress = {}) {
    prepare(learning_rate, progress);
    update();
  }
  /// Its two parts: what the host says of the updates that follow (their rate, and the progress
  /// with the first of them), and one update. An update that follows without another `prepare`
  /// counts one step more of both. Where a CUDA graph repeats updates, `steps` has to be set to
  /// their number, and `prepare` called, before and after.
  void prepare(double learning_rate, Progress progress);
  void update();
  /// Whether `update` is the same sequence of device operations each time, so that a CUDA graph can
  /// take its place.
  bool capturable() const { return backend_->capturable(); }

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

  /// Everything that a resumed run needs besides the model, by name: latent weights, moments,
  /// scales and what the last step found. On the parameters' device. What the solvers keep depends
  /// on the device; a run can go on on another one without it (not bitwise).
  NamedTensors state() const;

  /// Of every quantized layer, with flips since the call before. Reads all weights a few times.
  std::vector<LayerReport> report();
  /// Groups whose windows did not hold in the last step, on a GPU: they took passes of their own.
  std::int64_t windows_lost() const { return backend_->windows_lost(); }

 private:
  LayerReport report(Slot& slot);

  Memory memory_;
  std::unique_ptr<Backend> backend_;
  std::int64_t steps_ = 0;
  kernels::Step step_;  // of the last update; between `prepare` and an update what it follows from
};

/// Parts of a parameter that have scales of their own; each is contiguous.
std::int64_t groups_of(const nn::Parameter& parameter, quant::Grouping grouping);

/// What the method costs on a GPU because it is host code, for the user; empty when it is not.
std::string cost_on_gpu(const quant::Quantization& quantizer);

}  // namespace laq::optim
