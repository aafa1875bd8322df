#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/adam.hpp"
#include "nn/model.hpp"
#include "optim/adam_options.hpp"
#include "optim/layer_report.hpp"
#include "quant/quantizer.hpp"

namespace laq::optim {

/// How far a training is, for methods that anneal.
struct Progress {
  /// Of steps done, or of a share.
  Progress(double steps = 0, double all = 1) : done(steps), total(all) {}
  /// 0 … 1; 1 where nothing is to be done.
  double value() const { return total > 0 ? std::clamp(done / total, 0.0, 1.0) : 1.0; }

  double done, total;
};

/// The paper's proximal Newton step (PAPER.md section 1): Adam moves the latent weights w with the
/// gradient taken at the model's weights, w is clipped, Adam's second moment gives the curvature d
/// = √v + 1e-8, and the quantizer writes ŵ into the model. Parameters that are not quantized are
/// moved by Adam alone, in place. The optimizer owns w, the moments and the scales; the model's
/// tensors always hold ŵ.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// One iteration with the gradients that are in the parameters, which are then dropped.
  /// `progress`: of the training with this step. Error, on the CPU: a weight or gradient is not
  /// finite.
  void step(double learning_rate, Progress progress = {}) {
    prepare(learning_rate, progress);
    update();
  }
  /// Its two parts: what the host says of the updates that follow (their rate, and the progress
  /// with the first of them), and one update. An update that follows without another `prepare`
  /// counts one step more of both. Where a CUDA graph repeats updates, `steps` has to be set to
  /// their number, and `prepare` called, before and after.
  virtual void prepare(double learning_rate, Progress progress) {
    learning_rate_ = learning_rate;
    progress_ = progress;
    prepared_ = true;
  }
  virtual void update() = 0;
  /// Whether `update` is the same sequence of device operations each time, so that a CUDA graph can
  /// take its place.
  virtual bool capturable() const { return false; }

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

  /// Everything that a resumed run needs besides the model, by name: latent weights, moments,
  /// scales and what the last step found. On the parameters' device.
  virtual std::vector<std::pair<std::string, at::Tensor>> state() const = 0;

  /// Of every quantized layer, with flips since the call before. Reads all weights a few times.
  virtual std::vector<LayerReport> report() = 0;

 protected:
  /// To be called first in `update`: counts its step.
  void count_step() {
    ++steps_;
    if (!prepared_) progress_.done += 1;
    prepared_ = false;
  }

  std::int64_t steps_ = 0;
  double learning_rate_ = 0;  // of the present step, as
  Progress progress_;         // this
  bool prepared_ = false;     // for a step that was not yet made
};

/// Parts of a parameter that have scales of their own; each is contiguous.
std::int64_t groups_of(const nn::Parameter& parameter, quant::Grouping grouping);

/// Of the learned scales' `count`th step; `rate` with the method's factor.
kernels::ScaleStep scale_step(const AdamOptions& options, double rate, std::int64_t count);
/// Error: the method has another number of levels than before.
void require_levels(const quant::Codebook& codebook, std::size_t levels);

/// `quantizer.method` null: plain Adam on everything. Takes the model's present weights as w and
/// quantizes them with uniform curvature. The parameters must be float32, on one device, and
/// outlive the optimizer. On the CPU it is a `ProximalAdam`, elsewhere a `DeviceProximalAdam`.
std::unique_ptr<Optimizer> make_optimizer(const std::vector<nn::Parameter>& parameters,
                                          const quant::Quantization& quantizer,
                                          const AdamOptions& options);

/// What the method costs on a GPU because it is host code, for the user; empty when it is not.
std::string cost_on_gpu(const quant::Quantization& quantizer);

}  // namespace laq::optim
