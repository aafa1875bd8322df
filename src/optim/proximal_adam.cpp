#include "optim/proximal_adam.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "kernels/bodies.hpp"

namespace laq::optim {
namespace {

kernels::Settings settings_of(const AdamOptions& options, const quant::Quantizer* method) {
  kernels::Settings settings{.beta1 = options.beta1,
                             .beta2 = options.beta2,
                             .epsilon = options.epsilon,
                             .clip = options.clip,
                             .clip_gradient = options.clip_gradient,
                             .weight_decay = options.weight_decay,
                             .momentum = options.momentum,
                             .sgd = options.sgd};
  if (!method) return settings;
  settings.quantized_weight_decay = method->weight_decay();
  settings.scale_rate = method->scale_rate();
  settings.curvature = method->uses_curvature();
  settings.squared_curvature = method->squared_curvature();
  settings.replaces_latent = method->replaces_latent();
  return settings;
}

Slot slot_of(const nn::Parameter& parameter, const quant::Quantization& quantizer,
             std::int64_t codes) {
  const at::Tensor& tensor = parameter.tensor;
  Slot slot;
  slot.parameter = parameter;
  slot.quantized = parameter.quantizable && quantizer.method;
  slot.latent = tensor.detach();
  slot.first = at::zeros_like(slot.latent);
  slot.second = at::zeros_like(slot.latent);
  if (!slot.quantized) return slot;
  const auto zeros = [&](at::IntArrayRef sizes, at::ScalarType type) {
    return at::zeros(sizes, at::TensorOptions(type).device(tensor.device()));
  };
  slot.groups = groups_of(parameter, quantizer.group);
  slot.latent = slot.latent.clone();
  slot.scales.values = zeros({slot.groups, quantizer.method->scale_count()}, at::kDouble);
  if (quantizer.method->learns_scales()) {
    slot.scales.first = at::zeros_like(slot.scales.values);
    slot.scales.second = at::zeros_like(slot.scales.values);
  }
  slot.levels = zeros({slot.groups, codes}, at::kDouble);
  slot.rounds = zeros({slot.groups}, at::kLong);
  slot.level_index = zeros(tensor.sizes(), at::kByte);
  return slot;
}

}  // namespace

ProximalAdam::ProximalAdam(const std::vector<nn::Parameter>& parameters,
                           const quant::Quantization& quantizer, const AdamOptions& options,
                           std::optional<ByKernels> by_kernels)
    : memory_{.quantizer = quantizer,
              .codes = {},
              .settings = settings_of(options, quantizer.method.get()),
              .slots = {}} {
  const at::NoGradGuard no_gradient;
  if (quantizer.method) memory_.codes = quant::codes_of(*quantizer.method);
  for (const auto& parameter : parameters)
    memory_.slots.push_back(
        slot_of(parameter, quantizer, static_cast<std::int64_t>(memory_.codes.size())));
  const bool on_host = parameters.empty() || parameters.front().tensor.is_cpu();
  backend_ = on_host && !by_kernels
                 ? make_host_backend(memory_)
                 : make_kernel_backend(memory_, by_kernels.value_or(ByKernels{}).small_group);
  prepare(0, {});
  if (!quantizer.method) return;
  backend_->start();
  report();  // from here on flips are counted
}

void ProximalAdam::prepare(double learning_rate, Progress progress) {
  step_ = kernels::Step();
  step_.count = static_cast<double>(steps_);
  step_.rate = learning_rate;
  step_.done = progress.done;
  step_.total = progress.total;
  backend_->prepare(step_);
}

void ProximalAdam::update() {
  const at::NoGradGuard no_gradient;
  const auto& method = memory_.quantizer.method;
  step_.count = static_cast<double>(steps_);
  step_.rests = method && method->rests(Progress(step_.done, step_.total).value());
  kernels::advance(step_, memory_.settings, kernels::HostFit{});
  ++steps_;
  backend_->update(step_);
}

NamedTensors ProximalAdam::state() const {
  NamedTensors all;
  for (const auto& slot : memory_.slots) {
    const auto add = [&](const char* what, const at::Tensor& tensor) {
      all.emplace_back(slot.parameter.name + ":" + what, tensor);
    };
    if (slot.quantized) add("latent", slot.latent);
    add("first_moment", slot.first);
    add("second_moment", slot.second);
    if (!slot.quantized) continue;
    add("scales", slot.scales.values);
    add("level_index", slot.level_index);
    add("levels", slot.levels);
    add("rounds", slot.rounds);
    for (const auto& [what, tensor] : slot.solver) add(what.c_str(), tensor);
    if (!slot.scales.first.defined()) continue;
    add("scales_first_moment", slot.scales.first);
    add("scales_second_moment", slot.scales.second);
  }
  return all;
}

std::vector<LayerReport> ProximalAdam::report() {
  const at::NoGradGuard no_gradient;
  std::vector<LayerReport> reports;
  for (auto& slot : memory_.slots) {
    if (slot.quantized) reports.push_back(report(slot));
  }
  return reports;
}

LayerReport ProximalAdam::report(Slot& slot) {
  const auto& method = *memory_.quantizer.method;
  const kernels::ReportLayout layout{static_cast<int>(memory_.codes.size()),
                                     static_cast<int>(kLatentBins)};
  const Tally tally = backend_->tally(slot);
  const auto total = static_cast<double>(slot.latent.numel());
  const auto share = [&](int place) {
    return tally.counts[static_cast<std::size_t>(place)] / total;
  };
  LayerReport report;
  report.name = slot.parameter.name;
  report.scales = numbers(slot.scales.values);
  report.codes = memory_.codes;
  for (int j = 0; j < layout.levels; ++j) report.level_share.push_back(share(layout.at_level(j)));
  report.zero_fraction = share(layout.zeros());
  report.flips = share(layout.flips());
  report.weighted_error = tally.sums[0];
  report.rounds = numbers(slot.rounds.to(at::kDouble).mean())[0];
  report.level_values.resize(report.codes.size());
  const std::vector<double> levels = numbers(slot.levels);
  for (std::size_t i = 0; i < levels.size(); ++i)
    report.level_values[i % report.codes.size()] += levels[i] / static_cast<double>(slot.groups);
  report.latent_largest = tally.largest;
  for (int b = 0; b < layout.bins; ++b) report.latent_share.push_back(share(layout.in_bin(b)));
  if (!method.discrete(0))
    report.relaxation = tally.sums[2] > 0 ? std::sqrt(tally.sums[1] / tally.sums[2]) : 0;
  if (const auto exact = method.exact()) {
    const Objective of = backend_->objective(slot, *exact);
    // ŵ is rounded to float.
    report.gap = of.found <= of.least ? 0 : of.found / of.least - 1;
  }
  return report;
}

std::int64_t groups_of(const nn::Parameter& parameter, quant::Grouping grouping) {
  const bool by_row = parameter.scales == nn::Scales::by_method
                          ? grouping == quant::Grouping::row
                          : parameter.scales == nn::Scales::of_row;
  return by_row ? parameter.tensor.size(0) : parameter.blocks;
}

std::string cost_on_gpu(const quant::Quantization& quantizer) {
  if (!quantizer.method) return "";
  if (!std::holds_alternative<std::monostate>(quantizer.method->device_fit())) return "";
  const bool gradient = static_cast<bool>(quantizer.method->gradient());
  return "the method's fit is host code: the GPU is waited for at each of its sums, and no step is "
         "captured in a CUDA graph" +
         std::string(gradient ? "; for its gradient all weights are copied to the host" : "");
}

}  // namespace laq::optim
