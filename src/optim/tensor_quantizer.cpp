#include "optim/tensor_quantizer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "optim/tensor_solvers.hpp"

namespace laq::optim {
namespace {

using quant::LevelSet;
using quant::Side;

struct SideFit {
  at::Tensor alpha;
  at::Tensor threshold;  // of a heuristic; otherwise undefined, and the nearest level decides
  bool half_up = false;  // a magnitude on a threshold goes to the larger level
};

at::Tensor no_rounds(const at::Tensor& like) {
  return at::zeros({}, like.options().dtype(at::kLong));
}

at::Tensor row(const std::vector<at::Tensor>& numbers) {
  std::vector<at::Tensor> ones;
  for (const auto& number : numbers) ones.push_back(number.reshape({1}));
  return at::cat(ones);
}

at::Tensor limit(const LevelSet& levels, const SideFit& side, int j) {
  const at::Tensor never = at::full_like(side.alpha, std::numeric_limits<double>::infinity());
  const at::Tensor here =
      side.threshold.defined() ? side.threshold : side.alpha * levels.midpoint(j);
  return at::where(side.alpha <= 0, never, here);
}

// Lays the levels of both signs out as one ascending step function of w.
TensorFit assemble(const LevelSet& levels, const SideFit& up, const SideFit& down,
                   const at::Tensor& scales, const at::Tensor& rounds) {
  const int k = levels.k();
  const at::Tensor zero = at::zeros_like(up.alpha);
  std::vector<at::Tensor> values, below, above;
  for (int j = -k; j <= k; ++j) {
    if (j == 0 && !levels.has_zero()) continue;
    values.push_back(j == 0 ? zero : (j > 0 ? up.alpha : down.alpha) * levels.level(j));
  }
  if (!levels.has_zero()) {
    return {row({threshold_at_least(zero)}), row(values).to(at::kFloat), scales, rounds};
  }
  for (int j = k; j >= 1; --j) below.push_back(-limit(levels, down, j));
  for (int j = 1; j <= k; ++j) above.push_back(limit(levels, up, j));
  const auto not_above = up.half_up ? floor_to_float : threshold_at_least;
  const auto not_below = up.half_up ? threshold_at_least : floor_to_float;
  return {at::cat({not_above(row(below)), not_below(row(above))}), row(values).to(at::kFloat),
          scales, rounds};
}

// α = Σ d a / Σ d over the weights of a sign; zeros count as positive.
at::Tensor binary_scale(const TensorGroup& group, const Magnitudes& here, Side side) {
  at::Tensor d = here.d;
  if (side == Side::positive) d = d * (group.latent >= 0);
  if (side == Side::negative) d = d * (group.latent < 0);
  const at::Tensor sum = d.sum();
  return at::where(sum <= 0, at::zeros_like(sum), (d * here.a).sum() / sum);
}

TensorFit proximal(const quant::ProximalFit& axes, const LevelTensors& levels, TensorGroup group) {
  if (!axes.curvature) group.curvature = at::Tensor();
  const bool two = axes.scaling == quant::Scaling::asymmetric;
  std::vector<SideFit> fits;
  std::vector<at::Tensor> scales;
  at::Tensor rounds = no_rounds(group.latent);
  for (const Side side :
       two ? std::vector{Side::positive, Side::negative} : std::vector{Side::both}) {
    const Magnitudes here = magnitudes(group, side);
    SideFit fit;
    if (axes.scaling == quant::Scaling::unit) {
      fit.alpha = at::ones({}, here.a.options());
    } else if (!axes.levels.has_zero()) {
      fit.alpha = binary_scale(group, here, side);
    } else if (axes.solver == quant::Solver::exact) {
      fit.alpha = exact_scale(here, axes.levels);
    } else if (axes.solver != quant::Solver::heuristic) {
      fit.half_up = axes.solver == quant::Solver::released;
      const TensorAlternation result =
          fit.half_up ? released_scale(group, levels) : alternating_scale(group, side, levels);
      fit.alpha = result.alpha;
      rounds = at::maximum(rounds, result.rounds);
    } else {
      fit.threshold = twn_threshold(group.latent);
      fit.alpha = top_level_scale(here, fit.threshold);
    }
    scales.push_back(fit.alpha);
    fits.push_back(fit);
  }
  return assemble(axes.levels, fits.front(), fits.back(), row(scales), rounds);
}

TensorFit ttq(const quant::TtqFit& method, const TensorGroup& group) {
  const at::Tensor limit = method.threshold * group.latent.abs().max().to(at::kDouble);
  TensorGroup uniform = group;
  uniform.curvature = at::Tensor();
  std::vector<at::Tensor> start;
  for (const Side side : {Side::positive, Side::negative}) {
    const at::Tensor scale = top_level_scale(magnitudes(uniform, side), limit);
    // A sign that does not occur yet must be able to appear later.
    start.push_back(at::where(scale > 0, scale, limit.clamp_min(1e-8)));
  }
  const at::Tensor known = (group.scales > 0).any();
  const at::Tensor scales = at::where(known, group.scales, row(start));
  return {at::cat({threshold_at_least(-limit.reshape({1})), floor_to_float(limit.reshape({1}))}),
          row({-scales[1], at::zeros_like(limit), scales[0]}).to(at::kFloat), scales,
          no_rounds(group.latent)};
}

TensorFit dorefa(const quant::DorefaFit& method, const TensorGroup& group) {
  const int k = (1 << method.bits) - 1;
  const at::Tensor largest = group.latent.abs().max().to(at::kDouble).tanh();
  std::vector<at::Tensor> limits, values;
  for (int j = 0; j <= k; ++j) {
    values.push_back(at::full_like(largest, 2.0 * j / k - 1));
    if (j == 0) continue;
    const double share = (j - 0.5) / k - 0.5;
    // All weights zero: the tanh ratio is 0, which lies half-way up.
    limits.push_back(at::where(largest == 0, at::full_like(largest, share <= 0 ? -1.0 : 1.0),
                               (2 * share * largest).atanh()));
  }
  return {threshold_at_least(row(limits)), row(values).to(at::kFloat),
          at::ones({1}, largest.options()), no_rounds(group.latent)};
}

std::span<float> view(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// The scales of the previous iteration, as `quant::Group` has them.
std::vector<double> known_scales(const at::Tensor& scales) {
  const at::Tensor host = scales.to(at::kCPU).contiguous();
  if (!host.gt(0).any().item<bool>()) return {};
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

// A group in the host's memory.
struct HostGroup {
  at::Tensor latent, curvature, previous;
  quant::Group group;

  explicit HostGroup(const TensorGroup& device)
      : latent(device.latent.to(at::kCPU).contiguous()),
        previous(device.previous.to(at::kCPU).contiguous()),
        group{view(latent), {}, view(previous), known_scales(device.scales)} {
    group.progress = device.progress;
    if (device.curvature.defined()) {
      curvature = device.curvature.to(at::kCPU).contiguous();
      group.curvature = view(curvature);
    }
  }
};

// A few numbers for each question, whatever the device; only what looks at weights singly copies
// them to the host.
class TensorSums : public quant::Sums {
 public:
  TensorSums(const TensorGroup& group, bool curvature) : group_(group) {
    if (!curvature) group_.curvature = at::Tensor();
    count = static_cast<std::size_t>(group.latent.numel());
    scales = known_scales(group.scales);
    progress = group.progress;
  }

  quant::MagnitudeSums magnitudes(Side side) override {
    const Magnitudes of = optim::magnitudes(group_, side);
    const auto sums = numbers({of.a.sum(), (of.d * (of.a > 0)).sum(), (of.d * of.a).sum(),
                               of.a.max(), (of.d * group_.latent.eq(0)).sum()});
    return {sums[0], sums[1], sums[2], static_cast<float>(sums[3]), sums[4]};
  }
  quant::LevelSums levels(Side side, std::span<const float> steps,
                          std::span<const float> thresholds) override {
    const Magnitudes of = optim::magnitudes(group_, side);
    const auto on_device = [&](std::span<const float> values) {
      return at::tensor(std::vector<double>(values.begin(), values.end()), of.a.options());
    };
    const at::Tensor q = on_device(steps).index({at::bucketize(of.a, on_device(thresholds))});
    return sums(of.d, q, of.a);
  }
  bool has_previous() const override { return !scales.empty(); }
  quant::BySign previous(bool by_sign) override {
    const at::Tensor w = group_.latent.to(at::kDouble), q = group_.previous.to(at::kDouble);
    const at::Tensor d = optim::magnitudes(group_, Side::both).d;
    if (!by_sign) return {{sums(d, q, w), {}}};
    return {{sums(d * (q > 0), q, w), sums(d * (q <= 0), q, w)}};
  }
  quant::LevelSums used() override {
    const Magnitudes of = optim::magnitudes(group_, Side::both);
    return sums(of.d, group_.previous.ne(0).to(at::kDouble), of.a);
  }
  double optimum(Side side, const LevelSet& levels) override {
    return host().optimum(side, levels);
  }

 private:
  static std::vector<double> numbers(const std::vector<at::Tensor>& ones) {
    const at::Tensor host = row(ones).to(at::kCPU, at::kDouble);
    return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
  }
  static quant::LevelSums sums(const at::Tensor& d, const at::Tensor& q, const at::Tensor& w) {
    const auto of = numbers({(d * q * w).sum(), (d * q * q).sum(), (d * q).sum()});
    return {of[0], of[1], of[2]};
  }
  quant::GroupSums& host() {
    if (!host_sums_) {
      host_.emplace(group_);
      host_sums_.emplace(host_->group, quant::Needs{.curvature = group_.curvature.defined()});
    }
    return *host_sums_;
  }

  TensorGroup group_;
  std::optional<HostGroup> host_;
  std::optional<quant::GroupSums> host_sums_;
};

TensorFit by_host(const quant::Quantizer& quantizer, const TensorGroup& group) {
  TensorSums sums(group, quantizer.uses_curvature());
  const quant::Codebook codebook = quantizer.fit(sums);
  const auto to_device = [&](const auto& values, at::ScalarType type) {
    return at::tensor(values, at::TensorOptions(type)).to(group.latent.device());
  };
  return {to_device(codebook.thresholds, at::kFloat), to_device(codebook.values, at::kFloat),
          to_device(codebook.scales, at::kDouble),
          at::full({}, codebook.rounds, group.latent.options().dtype(at::kLong))};
}

at::Tensor ttq_gradient(const TensorGroup& group, const at::Tensor& gradient) {
  const at::Tensor g = gradient.to(at::kDouble);
  const at::Tensor up = group.previous > 0, down = group.previous < 0;
  const at::Tensor scales = row({(g * up).sum(), -(g * down).sum()});
  const at::Tensor one = at::ones({}, gradient.options());
  gradient.mul_(at::where(up, group.scales[0].to(at::kFloat),
                          at::where(down, group.scales[1].to(at::kFloat), one)));
  return scales;
}

}  // namespace

TensorQuantizer::TensorQuantizer(std::shared_ptr<const quant::Quantizer> method, c10::Device device)
    : method_(std::move(method)), fit_(method_->device_fit()), gradient_(method_->gradient()) {
  if (const auto* axes = std::get_if<quant::ProximalFit>(&fit_)) {
    levels_ = level_tensors(axes->levels, device);
  }
}

TensorFit TensorQuantizer::fit(const TensorGroup& group) const {
  if (const auto* axes = std::get_if<quant::ProximalFit>(&fit_))
    return proximal(*axes, *levels_, group);
  if (const auto* method = std::get_if<quant::TtqFit>(&fit_)) return ttq(*method, group);
  if (const auto* method = std::get_if<quant::DorefaFit>(&fit_)) return dorefa(*method, group);
  return by_host(*method_, group);
}

at::Tensor TensorQuantizer::gradient(const TensorGroup& group, const at::Tensor& gradient) const {
  if (!gradient_) return {};
  if (std::holds_alternative<quant::TtqFit>(fit_)) return ttq_gradient(group, gradient);
  if (std::holds_alternative<quant::DorefaFit>(fit_)) {
    const at::Tensor squashed = group.latent.tanh(), largest = squashed.abs().max();
    const at::Tensor slope = (1 - squashed * squashed) / largest;
    gradient.mul_(at::where(largest == 0, at::ones_like(slope), slope));
    return {};
  }
  const at::Tensor host = gradient.to(at::kCPU, /*non_blocking=*/false, /*copy=*/true);
  const std::vector<double> scales = gradient_(HostGroup(group).group, view(host));
  gradient.copy_(host);
  if (scales.empty()) return {};
  return at::tensor(scales, at::TensorOptions(at::kDouble)).to(gradient.device());
}

at::Tensor TensorFit::apply(const at::Tensor& latent) const {
  const at::Tensor fitted = values.index({at::bucketize(latent, thresholds)});
  return at::where(latent.isnan(), latent, fitted);  // bucketize() has a place for it
}

}  // namespace laq::optim
