#include "optim/proximal_adam.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace laq::optim {
namespace {

constexpr std::int64_t kFewGroups = 8;

std::size_t count(const at::Tensor& tensor) {
  return static_cast<std::size_t>(tensor.numel());
}

// What a groups × n tensor of doubles has of one group.
std::span<double> row(const at::Tensor& tensor, std::int64_t group) {
  const std::int64_t n = tensor.size(1);
  return {tensor.data_ptr<double>() + group * n, static_cast<std::size_t>(n)};
}

// The gradient of λ/2 Σ w².
void decay(const float* w, float* g, std::size_t n, double lambda) {
  const auto rate = static_cast<float>(lambda);
  if (rate == 0) return;
  for_chunks(n, [&](std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count; ++i) g[i] += rate * w[i];
  });
}

// Calls `work(index)` for every group of a layer; its errors say which layer they are of.
template <typename Slot, typename Work>
void for_groups(const Slot& slot, const Work& work) {
  std::exception_ptr failed;
  const auto attempt = [&](std::int64_t index) {
    try {
      work(index);
    } catch (...) {
#pragma omp critical
      failed = std::current_exception();
    }
  };
  // Many groups (rows) are shared out. A few parallelise inside, and must not be in a parallel
  // region then, not even one of a single thread: OpenMP would start new threads for every loop
  // below it.
  if (slot.groups > kFewGroups) {
#pragma omp parallel for schedule(dynamic)
    for (std::int64_t i = 0; i < slot.groups; ++i) attempt(i);
  } else {
    for (std::int64_t i = 0; i < slot.groups && !failed; ++i) attempt(i);
  }
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const Error& error) {
    throw Error({.what = error.what(), .where = "layer " + slot.parameter.name}, error.kind());
  }
}

}  // namespace

ProximalAdam::ProximalAdam(const std::vector<nn::Parameter>& parameters,
                           const quant::Quantization& quantizer, const AdamOptions& options)
    : quantizer_(quantizer),
      gradient_(quantizer.method ? quantizer.method->gradient() : nullptr),
      options_(options) {
  const at::NoGradGuard no_gradient;
  std::int64_t largest = 0;
  for (const auto& parameter : parameters) {
    Slot slot{.parameter = parameter,
              .quantized = parameter.quantizable && quantizer.method,
              .groups = 0,
              .latent = parameter.tensor.detach(),
              .first = at::zeros_like(parameter.tensor),
              .second = at::zeros_like(parameter.tensor),
              .scales = {},
              .solver_state = {},
              .scale_first = {},
              .scale_second = {},
              .level_index = {},
              .codes = {},
              .levels = {},
              .rounds = {}};
    if (slot.quantized) {
      slot.groups = groups_of(parameter, quantizer.group);
      slot.latent = parameter.tensor.detach().clone();
      slot.scales = at::zeros({slot.groups, quantizer.method->scale_count()}, at::kDouble);
      if (const int solver_state = quantizer.method->solver_state_size(); solver_state > 0) {
        slot.solver_state = at::zeros({slot.groups, solver_state}, at::kDouble);
      }
      slot.level_index = at::zeros(parameter.tensor.sizes(), at::kByte);
      slot.rounds = at::zeros({slot.groups}, at::kLong);
      if (quantizer.method->learns_scales()) {
        slot.scale_first = at::zeros_like(slot.scales);
        slot.scale_second = at::zeros_like(slot.scales);
      }
      largest = std::max(largest, parameter.tensor.numel());
      slot.codes = quant::codes_of(*quantizer.method);
      slot.levels =
          at::zeros({slot.groups, static_cast<std::int64_t>(slot.codes.size())}, at::kDouble);
      for_groups(slot, [&](std::int64_t i) {
        const quant::Group here = group(slot, i);
        write(slot, i, here, quant::fit(*quantizer.method, here));
      });
      report(slot);
    }
    slots_.push_back(std::move(slot));
  }
  if (largest > 0 && quantizer.method->uses_curvature())
    curvature_ = at::empty({largest}, at::kFloat);
}

void ProximalAdam::update() {
  const at::NoGradGuard no_gradient;
  count_step();
  for (auto& slot : slots_) {
    if (!slot.parameter.tensor.grad().defined()) continue;
    update(slot);
    // Undefined rather than zeroed: the next backward pass hands its result over instead of adding
    // to it.
    slot.parameter.tensor.mutable_grad() = at::Tensor();
  }
}

quant::Group ProximalAdam::group(const Slot& slot, std::int64_t index) const {
  const std::size_t size = count(slot.latent) / static_cast<std::size_t>(slot.groups);
  const std::size_t begin = static_cast<std::size_t>(index) * size;
  quant::Group group;
  group.latent = {slot.latent.data_ptr<float>() + begin, size};
  group.previous = {slot.parameter.tensor.data_ptr<float>() + begin, size};
  group.progress = progress_.value();
  const auto scales = row(slot.scales, index);
  if (scales.front() > 0 || scales.back() > 0) group.scales.assign(scales.begin(), scales.end());
  if (slot.solver_state.defined()) {
    const auto solver_state = row(slot.solver_state, index);
    group.solver_state.assign(solver_state.begin(), solver_state.end());
  }
  return group;
}

AdamStep ProximalAdam::adam_step(bool quantized) const {
  const auto t = static_cast<double>(steps_);
  const double clip = quantized ? options_.clip : std::numeric_limits<double>::infinity();
  const double start = options_.sgd ? 1 : 1 - std::pow(options_.beta1, t);
  const bool rests = quantized && quantizer_.method->rests(progress_.value());
  return {static_cast<float>(options_.beta1),
          static_cast<float>(options_.beta2),
          rests ? 0 : static_cast<float>(learning_rate_ / start),
          static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t))),
          static_cast<float>(options_.epsilon),
          static_cast<float>(clip),
          options_.sgd,
          static_cast<float>(options_.momentum),
          quantized && quantizer_.method->squared_curvature()};
}

void ProximalAdam::update(Slot& slot) {
  at::Tensor gradient = slot.parameter.tensor.grad().contiguous();
  // A NaN stays one, so that divergence is seen.
  if (options_.clip_gradient > 0) gradient.clamp_(-options_.clip_gradient, options_.clip_gradient);
  float* g = gradient.data_ptr<float>();
  const AdamStep constants = adam_step(slot.quantized);
  if (slot.quantized) {
    for_groups(slot, [&](std::int64_t index) { update_group(slot, index, g, constants); });
  } else {
    decay(slot.latent.data_ptr<float>(), g, count(slot.latent), options_.weight_decay);
    adam_update(slot.latent.data_ptr<float>(), slot.first.data_ptr<float>(),
                slot.second.data_ptr<float>(), g, count(slot.latent), constants);
  }
}

void ProximalAdam::update_group(Slot& slot, std::int64_t index, float* gradient,
                                const AdamStep& constants) {
  const quant::Quantizer& quantizer = *quantizer_.method;
  const std::size_t size = count(slot.latent) / static_cast<std::size_t>(slot.groups);
  const std::size_t begin = static_cast<std::size_t>(index) * size;
  float* w = slot.latent.data_ptr<float>() + begin;
  float* v = slot.second.data_ptr<float>() + begin;
  float* g = gradient + begin;
  if (gradient_) learn_scales(slot, index, gradient_(group(slot, index), {g, size}));
  decay(w, g, size, quantizer.weight_decay() + options_.weight_decay);
  const quant::Group here = group(slot, index);
  const quant::Needs needs = quantizer.needs(here);
  float* curvature = needs.curvature ? curvature_.data_ptr<float>() + begin : nullptr;
  // Most steps never need the curvature as a whole.
  quant::GroupSums sums(here, needs, {{v, size}, curvature, constants.squared_curvature});
  adam_update(w, slot.first.data_ptr<float>() + begin, v, g, size, constants, needs.curvature,
              [&](std::size_t at, std::size_t n, const float* d) { sums.add(at, n, d); });
  sums.close();
  write(slot, index, here, quantizer.fit(sums));
}

void ProximalAdam::learn_scales(Slot& slot, std::int64_t index,
                                const std::vector<double>& gradient) {
  if (!quantizer_.method->learns_scales()) return;
  const kernels::ScaleStep constants =
      scale_step(options_, learning_rate_ * quantizer_.method->scale_rate(), steps_);
  for (std::size_t s = 0; s < gradient.size(); ++s)
    kernels::move_scale(row(slot.scales, index)[s], row(slot.scale_first, index)[s],
                        row(slot.scale_second, index)[s], gradient[s], constants);
}

void ProximalAdam::write(Slot& slot, std::int64_t index, const quant::Group& here,
                         const quant::Codebook& codebook) {
  require_levels(codebook, static_cast<std::size_t>(slot.levels.size(1)));
  const std::size_t n = here.latent.size();
  float* out = slot.parameter.tensor.data_ptr<float>() + static_cast<std::size_t>(index) * n;
  quant::apply(codebook, here.latent, {out, n});
  if (quantizer_.method->replaces_latent())
    std::copy(out, out + n, slot.latent.data_ptr<float>() + static_cast<std::size_t>(index) * n);
  std::copy(codebook.scales.begin(), codebook.scales.end(), row(slot.scales, index).begin());
  if (slot.solver_state.defined()) {
    std::copy(codebook.solver_state.begin(), codebook.solver_state.end(),
              row(slot.solver_state, index).begin());
  }
  // For the report, which may be made by a later process.
  std::copy(codebook.values.begin(), codebook.values.end(), row(slot.levels, index).begin());
  slot.rounds.data_ptr<std::int64_t>()[index] = codebook.rounds;
}

std::vector<std::pair<std::string, at::Tensor>> ProximalAdam::state() const {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const auto& slot : slots_) {
    const std::string& name = slot.parameter.name;
    if (slot.quantized) all.emplace_back(name + ":latent", slot.latent);
    all.emplace_back(name + ":first_moment", slot.first);
    all.emplace_back(name + ":second_moment", slot.second);
    if (slot.quantized) {
      all.emplace_back(name + ":scales", slot.scales);
      all.emplace_back(name + ":level_index", slot.level_index);
      all.emplace_back(name + ":levels", slot.levels);
      all.emplace_back(name + ":rounds", slot.rounds);
    }
    if (slot.solver_state.defined()) all.emplace_back(name + ":solver_state", slot.solver_state);
    if (slot.scale_first.defined()) {
      all.emplace_back(name + ":scales_first_moment", slot.scale_first);
      all.emplace_back(name + ":scales_second_moment", slot.scale_second);
    }
  }
  return all;
}

}  // namespace laq::optim
