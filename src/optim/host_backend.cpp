#include <ATen/ATen.h>

#include <algorithm>
#include <exception>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "optim/adam_kernel.hpp"
#include "optim/backend.hpp"
#include "optim/layer_report.hpp"

namespace laq::optim {
namespace {

constexpr std::int64_t kFewGroups = 8;

std::span<float> whole(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// The gradient of λ/2 Σ w².
void decay(std::span<const float> w, float* g, double lambda) {
  const auto rate = static_cast<float>(lambda);
  if (rate == 0) return;
  for_chunks(w.size(), [&](std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count; ++i) g[i] += rate * w[i];
  });
}

// Calls `work(index)` for every group of a layer; its errors say which layer they are of.
template <typename Work>
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

/// One pass over memory for Adam and the sums that the quantizer needs, a second one to write ŵ.
class HostBackend : public Backend {
 public:
  explicit HostBackend(Memory& memory) : memory_(memory), method_(memory.quantizer.method.get()) {
    if (!method_) return;
    std::int64_t largest = 0;
    for (auto& slot : memory_.slots) {
      if (!slot.quantized) continue;
      largest = std::max(largest, slot.latent.numel());
      if (const int n = method_->solver_state_size(); n > 0)
        slot.solver = {{"solver_state", at::zeros({slot.groups, n}, at::kDouble)}};
    }
    if (largest > 0 && method_->uses_curvature()) curvature_ = at::empty({largest}, at::kFloat);
  }

  void start() override {
    for (auto& slot : memory_.slots) {
      if (!slot.quantized) continue;
      for_groups(slot, [&](std::int64_t index) {
        const quant::Group here = group(slot, index, 0);
        write(slot, index, here, quant::fit(*method_, here));
      });
    }
  }

  void update(const kernels::Step& now) override {
    for (auto& slot : memory_.slots) {
      at::Tensor& gradient = slot.parameter.tensor.mutable_grad();
      if (!gradient.defined()) continue;
      update(slot, gradient.contiguous(), now);
      // Undefined rather than zeroed: the next backward pass hands its result over instead of
      // adding to it.
      gradient = at::Tensor();
    }
  }

  Tally tally(Slot& slot) override;
  Objective objective(Slot& slot, const quant::Quantizer& exact) override;

 private:
  quant::Group group(const Slot& slot, std::int64_t index, double progress) const {
    quant::Group group;
    group.latent = part(slot.latent, slot, index);
    group.previous = part(slot.parameter.tensor, slot, index);
    group.progress = progress;
    const auto scales = row(slot.scales.values, index);
    if (scales.front() > 0 || scales.back() > 0) group.scales.assign(scales.begin(), scales.end());
    if (!slot.solver.empty()) {
      const auto kept = row(slot.solver[0].second, index);
      group.solver_state.assign(kept.begin(), kept.end());
    }
    return group;
  }

  void update(Slot& slot, const at::Tensor& gradient, const kernels::Step& now) {
    const kernels::Settings& settings = memory_.settings;
    // A NaN stays one, so that divergence is seen.
    if (settings.clip_gradient > 0)
      gradient.clamp_(-settings.clip_gradient, settings.clip_gradient);
    if (slot.quantized) {
      for_groups(slot, [&](std::int64_t index) { update_group(slot, index, gradient, now); });
    } else {
      float* g = gradient.data_ptr<float>();
      decay(whole(slot.latent), g, settings.weight_decay);
      adam_update(slot.latent.data_ptr<float>(), slot.first.data_ptr<float>(),
                  slot.second.data_ptr<float>(), g, whole(slot.latent).size(), now.adam[0]);
    }
  }

  void update_group(Slot& slot, std::int64_t index, const at::Tensor& gradient,
                    const kernels::Step& now) {
    const kernels::Settings& settings = memory_.settings;
    const kernels::AdamStep& adam = now.adam[1];
    const auto w = part(slot.latent, slot, index), v = part(slot.second, slot, index),
               g = part(gradient, slot, index);
    if (gradient_) learn(memory_, now, group(slot, index, now.progress), g, slot.scales, index);
    decay(w, g.data(), settings.quantized_weight_decay + settings.weight_decay);
    const quant::Group here = group(slot, index, now.progress);
    const quant::Needs needs = method_->needs(here);
    // Most steps never need the curvature as a whole.
    float* curvature = needs.curvature ? part(curvature_, slot, index).data() : nullptr;
    quant::GroupSums sums(here, needs, {v, curvature, adam.squared_curvature});
    adam_update(w.data(), part(slot.first, slot, index).data(), v.data(), g.data(), w.size(), adam,
                needs.curvature,
                [&](std::size_t at, std::size_t n, const float* d) { sums.add(at, n, d); });
    sums.close();
    write(slot, index, here, method_->fit(sums));
  }

  void write(Slot& slot, std::int64_t index, const quant::Group& here,
             const quant::Codebook& codebook) {
    require_levels(codebook, memory_.codes.size());
    const auto out = part(slot.parameter.tensor, slot, index);
    quant::apply(codebook, here.latent, out);
    if (memory_.settings.replaces_latent)
      std::copy(out.begin(), out.end(), part(slot.latent, slot, index).begin());
    const auto keep = [index](const std::vector<double>& values, const at::Tensor& to) {
      std::copy(values.begin(), values.end(), row(to, index).begin());
    };
    keep(codebook.scales, slot.scales.values);
    keep(codebook.values, slot.levels);
    if (!slot.solver.empty()) keep(codebook.solver_state, slot.solver[0].second);
    slot.rounds.data_ptr<std::int64_t>()[index] = codebook.rounds;
  }

  Memory& memory_;
  const quant::Quantizer* method_;
  bool gradient_ = method_ && method_->gradient();  // otherwise passed straight through
  at::Tensor curvature_;                            // scratch, of the largest quantized layer
};

Tally HostBackend::tally(Slot& slot) {
  const kernels::ReportLayout layout{static_cast<int>(memory_.codes.size()), 0};
  const std::size_t zero = zero_level(memory_.codes);
  const bool relaxes = !method_->discrete(0);
  Tally tally;
  tally.counts.resize(static_cast<std::size_t>(layout.counts()));
  double& zeros = tally.counts[static_cast<std::size_t>(layout.zeros())];
  double& flips = tally.counts[static_cast<std::size_t>(layout.flips())];
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    const auto levels = row(slot.levels, g);
    const std::vector<float> values(levels.begin(), levels.end());
    const auto quantized = part(slot.parameter.tensor, slot, g);
    const auto index = part<std::uint8_t>(slot.level_index, slot, g);
    for (std::size_t i = 0; i < quantized.size(); ++i) {
      const std::size_t level =
          quantized[i] == 0
              ? zero
              : static_cast<std::size_t>(kernels::level_of(
                    quantized[i], values.data(), static_cast<int>(values.size()), relaxes));
      if (relaxes) {
        const auto w = static_cast<double>(quantized[i]);
        const double error = w - static_cast<double>(values[level]);
        tally.sums[1] += error * error;
        tally.sums[2] += w * w;
      }
      ++tally.counts[level];
      zeros += quantized[i] == 0 ? 1 : 0;
      flips += index[i] != level ? 1 : 0;
      index[i] = static_cast<std::uint8_t>(level);
    }
  }
  const at::Tensor curvature = curvature_of(slot, /*squared=*/false);
  tally.sums[0] =
      quant::objective(whole(slot.latent), whole(curvature), whole(slot.parameter.tensor));
  tally.largest = largest_magnitude(whole(slot.latent));
  const auto bins = histogram(whole(slot.latent), tally.largest);
  tally.counts.insert(tally.counts.end(), bins.begin(), bins.end());
  return tally;
}

Objective HostBackend::objective(Slot& slot, const quant::Quantizer& exact) {
  at::Tensor curvature;
  if (exact.uses_curvature()) curvature = curvature_of(slot, exact.squared_curvature());
  std::vector<float> best(static_cast<std::size_t>(slot.group_size()));
  Objective of;
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    // The optimum of these weights alone: without a look at the scales of before.
    quant::Group here{.latent = part(slot.latent, slot, g),
                      .curvature = {},
                      .previous = part(slot.parameter.tensor, slot, g),
                      .scales = {}};
    if (curvature.defined()) here.curvature = part(curvature, slot, g);
    of.found += quant::objective(here.latent, here.curvature, here.previous);
    quant::apply(quant::fit(exact, here), here.latent, best);
    of.least += quant::objective(here.latent, here.curvature, best);
  }
  return of;
}

}  // namespace

std::unique_ptr<Backend> make_host_backend(Memory& memory) {
  return std::make_unique<HostBackend>(memory);
}

}  // namespace laq::optim
