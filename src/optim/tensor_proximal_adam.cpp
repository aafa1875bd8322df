#include "optim/tensor_proximal_adam.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "optim/adam_kernel.hpp"

namespace laq::optim {
namespace {

// Each is a chain of operations of its own; one for every row would be a graph of a million.
constexpr std::int64_t kMostGroupsCaptured = 64;

// Steps that are described to the device at a time.
constexpr std::int64_t kStepsAhead = 32;

// 1 − β as the CPU's kernel has it.
double rest(double beta) {
  return static_cast<double>(1 - static_cast<float>(beta));
}

// The first moment, m ← β₁ m + share · g; of SGD the velocity, m ← momentum · m + g.
void gather(const at::Tensor& m, const at::Tensor& g, double share, const AdamOptions& options) {
  m.mul_(options.sgd ? options.momentum : options.beta1).add_(g, options.sgd ? 1 : share);
}

}  // namespace

TensorProximalAdam::TensorProximalAdam(const std::vector<nn::Parameter>& parameters,
                                       const quant::Quantization& quantizer,
                                       const AdamOptions& options)
    : options_(options) {
  const at::NoGradGuard no_gradient;
  const at::Device device = parameters.front().tensor.device();
  if (quantizer.method) quantizer_.emplace(quantizer.method, device);
  const auto doubles = at::TensorOptions(at::kDouble).device(device);
  steps_ahead_ = at::zeros({kStepsAhead, 4}, doubles);
  next_ = at::zeros({1}, doubles.dtype(at::kLong));
  present_ = at::zeros({1, 4}, doubles);
  rate_ = present_[0][0];
  quantized_rate_ = present_[0][1];
  correction_ = present_[0][2];
  share_done_ = present_[0][3];
  for (const auto& parameter : parameters) {
    host_parameters_.push_back(parameter);
    host_parameters_.back().tensor = parameter.tensor.detach().to(at::kCPU).clone();
  }
  host_ = std::make_unique<ProximalAdam>(host_parameters_, quantizer, options);
  for (const auto& [name, tensor] : host_->state()) {
    state_.emplace_back(name, tensor.to(device, tensor.scalar_type(), false, /*copy=*/true));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const nn::Parameter& parameter = parameters[i];
    const bool quantized = parameter.quantizable && quantizer.method;
    if (quantized) parameter.tensor.detach().copy_(host_parameters_[i].tensor);
    slots_.push_back({.parameter = parameter,
                      .quantized = quantized,
                      .groups = groups_of(parameter, quantizer.group),
                      .latent = quantized ? state(parameter, "latent") : parameter.tensor.detach(),
                      .first = state(parameter, "first_moment"),
                      .second = state(parameter, "second_moment"),
                      .scales = state(parameter, "scales"),
                      .scale_first = state(parameter, "scales_first_moment"),
                      .scale_second = state(parameter, "scales_second_moment"),
                      .levels = state(parameter, "levels"),
                      .rounds = state(parameter, "rounds")});
  }
}

at::Tensor TensorProximalAdam::state(const nn::Parameter& parameter, const char* name) const {
  for (const auto& [key, tensor] : state_) {
    if (key == parameter.name + ":" + name) return tensor;
  }
  return {};
}

void TensorProximalAdam::prepare(double learning_rate, Progress progress) {
  Optimizer::prepare(learning_rate, progress);
  describe_steps();
}

// The constants are the host's, so that a step has the same ones wherever it is in a graph.
void TensorProximalAdam::describe_steps() {
  at::Tensor rows = at::empty(steps_ahead_.sizes(), at::kDouble);
  if (steps_ahead_.is_cuda()) rows = rows.pin_memory();
  double* row = rows.data_ptr<double>();
  Progress progress = progress_;
  if (!prepared_) progress.done += 1;
  for (std::int64_t i = 0; i < kStepsAhead; ++i, row += 4, progress.done += 1) {
    const auto t = static_cast<double>(steps_ + i + 1);
    const double share = progress.value();
    row[0] = options_.sgd ? learning_rate_ : learning_rate_ / (1 - std::pow(options_.beta1, t));
    // Weights that rest have the rate 0.
    row[1] = quantizer_ && quantizer_->method().rests(share) ? 0 : row[0];
    row[2] = 1 / std::sqrt(1 - std::pow(options_.beta2, t));
    row[3] = share;
  }
  steps_ahead_.copy_(rows, /*non_blocking=*/true);
  next_.zero_();
  described_ = kStepsAhead;
}

bool TensorProximalAdam::capturable() const {
  std::int64_t groups = 0;
  for (const auto& slot : slots_) groups += slot.quantized ? slot.groups : 0;
  return !quantizer_ || (quantizer_->on_device() && groups <= kMostGroupsCaptured);
}

void TensorProximalAdam::update() {
  const at::NoGradGuard no_gradient;
  if (described_ == 0) describe_steps();
  --described_;
  count_step();
  present_.copy_(steps_ahead_.index_select(0, next_));
  next_.add_(1);
  for (auto& slot : slots_) {
    if (!slot.parameter.tensor.grad().defined()) continue;
    const at::Tensor g = take_gradient(slot);
    gather(slot.first, g, rest(options_.beta1), options_);
    slot.second.mul_(options_.beta2).addcmul_(g, g, rest(options_.beta2));
    at::Tensor root = slot.second.sqrt();
    move(slot.latent, slot.first, root, slot.quantized ? quantized_rate_ : rate_);
    if (!slot.quantized) continue;
    slot.latent.clamp_(-options_.clip, options_.clip);
    if (quantizer_->method().uses_curvature()) root.add_(quant::kCurvatureFloor);
    if (quantizer_->method().squared_curvature()) root.square_();
    project(slot, quantizer_->method().uses_curvature() ? root : at::Tensor());
  }
}

// w ← w − factor · rate · m / (√v + ε), both moments corrected for their start at 0; of SGD w −
// factor · rate · m.
void TensorProximalAdam::move(const at::Tensor& w, const at::Tensor& m, const at::Tensor& root,
                              const at::Tensor& rate, double factor) const {
  if (options_.sgd) {
    w.sub_(m * rate, factor);
    return;
  }
  const at::Tensor step = (m / (root * correction_).add_(options_.epsilon)).mul_(rate);
  w.sub_(step, factor);
}

// The gradient of the latent weights; that of learned scales is used up.
at::Tensor TensorProximalAdam::take_gradient(Slot& slot) {
  const at::Tensor gradient = slot.parameter.tensor.grad().contiguous();
  slot.parameter.tensor.mutable_grad() = at::Tensor();
  if (options_.clip_gradient > 0) gradient.clamp_(-options_.clip_gradient, options_.clip_gradient);
  if (slot.quantized && quantizer_->has_gradient()) {
    const at::Tensor by_group = gradient.view({slot.groups, -1});
    for (std::int64_t i = 0; i < slot.groups; ++i) {
      const at::Tensor of_scales = quantizer_->gradient(group(slot, i, {}), by_group[i]);
      if (quantizer_->method().learns_scales()) learn_scales(slot, i, of_scales);
    }
  }
  double decay = options_.weight_decay;
  if (slot.quantized) decay += quantizer_->method().weight_decay();
  return decay == 0 ? gradient : gradient.add_(slot.latent, decay);
}

TensorGroup TensorProximalAdam::group(const Slot& slot, std::int64_t index,
                                      const at::Tensor& curvature) const {
  const auto part = [&](const at::Tensor& all) { return all.view({slot.groups, -1})[index]; };
  return {part(slot.latent), curvature.defined() ? part(curvature) : at::Tensor(),
          part(slot.parameter.tensor.detach()), slot.scales[index], share_done_};
}

void TensorProximalAdam::learn_scales(Slot& slot, std::int64_t index, const at::Tensor& gradient) {
  const at::Tensor m = slot.scale_first[index], v = slot.scale_second[index];
  gather(m, gradient, 1 - options_.beta1, options_);
  v.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
  const at::Tensor scales = slot.scales[index];
  move(scales, m, v.sqrt(), rate_, quantizer_->method().scale_rate());
  scales.clamp_(kSmallestLearnedScale);
}

void TensorProximalAdam::project(Slot& slot, const at::Tensor& curvature) {
  const at::Tensor out = slot.parameter.tensor.detach().view({slot.groups, -1});
  for (std::int64_t i = 0; i < slot.groups; ++i) {
    const TensorGroup here = group(slot, i, curvature);
    const TensorFit fit = quantizer_->fit(here);
    out[i].copy_(fit.apply(here.latent));
    if (quantizer_->method().replaces_latent()) here.latent.copy_(out[i]);
    slot.scales[i].copy_(fit.scales);
    slot.levels[i].copy_(fit.values);
    slot.rounds[i].copy_(fit.rounds);
  }
}

std::vector<LayerReport> TensorProximalAdam::report() {
  const at::NoGradGuard no_gradient;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    host_parameters_[i].tensor.copy_(slots_[i].parameter.tensor);
  }
  const auto host_state = host_->state();
  for (std::size_t i = 0; i < host_state.size(); ++i) host_state[i].second.copy_(state_[i].second);
  auto reports = host_->report();
  for (std::size_t i = 0; i < host_state.size(); ++i) {  // the codes of this report
    if (host_state[i].first.ends_with(":level_index")) state_[i].second.copy_(host_state[i].second);
  }
  return reports;
}

}  // namespace laq::optim
