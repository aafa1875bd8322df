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

constexpr double kInfinity = std::numeric_limits<double>::infinity();

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
  const at::Tensor never = at::full_like(side.alpha, kInfinity);
  const at::Tensor here =
      side.threshold.defined() ? side.threshold : side.alpha * levels.midpoint(j);
  return at::where(side.alpha <= 0, never, here);
}

// ŵ of every code.
at::Tensor levels_of(const LevelSet& levels, const SideFit& up, const SideFit& down) {
  const int k = levels.k();
  std::vector<at::Tensor> values;
  for (int j = -k; j <= k; ++j) {
    if (j == 0 && !levels.has_zero()) continue;
    values.push_back(j == 0 ? at::zeros_like(up.alpha)
                            : (j > 0 ? up.alpha : down.alpha) * levels.level(j));
  }
  return row(values);
}

// Lays the levels of both signs out as one ascending step function of w.
TensorFit assemble(const LevelSet& levels, const SideFit& up, const SideFit& down,
                   const at::Tensor& scales, const at::Tensor& rounds) {
  const int k = levels.k();
  const at::Tensor values = levels_of(levels, up, down).to(at::kFloat);
  std::vector<at::Tensor> below, above;
  if (!levels.has_zero()) {
    const at::Tensor zero = at::zeros_like(up.alpha);
    return {row({threshold_at_least(zero)}), values, scales, rounds};
  }
  for (int j = k; j >= 1; --j) below.push_back(-limit(levels, down, j));
  for (int j = 1; j <= k; ++j) above.push_back(limit(levels, up, j));
  const auto not_above = up.half_up ? floor_to_float : threshold_at_least;
  const auto not_below = up.half_up ? threshold_at_least : floor_to_float;
  return {at::cat({not_above(row(below)), not_below(row(above))}), values, scales, rounds};
}

// The pieces of `quant::relax`; all are made at every step, for a graph to hold them.
void relax(const quant::Annealing& annealing, const at::Tensor& levels, const at::Tensor& progress,
           TensorFit& fit) {
  const at::Tensor c = annealing.coefficient(progress);
  const std::int64_t count = levels.numel();
  const auto interleave = [](const std::vector<at::Tensor>& rows) {
    return at::stack(rows, 1).flatten();
  };
  fit.discrete = progress >= annealing.discrete_from;
  if (annealing.kind == quant::Relaxation::parq) {
    const at::Tensor low = levels.narrow(0, 0, count - 1), high = levels.narrow(0, 1, count - 1);
    const at::Tensor middle = (low + high) / 2, half = c * (high - low) / 2;
    const at::Tensor flat = at::zeros_like(low);
    fit.knots = floor_to_float(interleave({middle - half, middle + half}));
    fit.offsets = at::cat({levels.narrow(0, 0, 1), interleave({middle - middle / c, high})});
    fit.slopes =
        at::cat({at::zeros_like(levels.narrow(0, 0, 1)), interleave({flat + 1 / c, flat})});
    return;
  }
  if (annealing.kind != quant::Relaxation::proximal_absolute) {
    fit.knots = fit.thresholds;
    fit.offsets = c / (1 + c) * levels;
    fit.slopes = at::zeros_like(levels) + 1 / (1 + c);
    return;
  }
  const at::Tensor none = at::full_like(levels.narrow(0, 0, 1), kInfinity);
  const at::Tensor limits = fit.thresholds.to(at::kDouble);
  const at::Tensor low = at::maximum(levels - c, at::cat({-none, limits})),
                   high = at::minimum(levels + c, at::cat({limits, none}));
  const at::Tensor ones = at::ones_like(levels), shift = ones * c;
  // The last level's upper limit is no knot.
  fit.knots =
      floor_to_float(interleave({low, high, at::cat({limits, none})}).narrow(0, 0, 3 * count - 1));
  fit.offsets = interleave({shift, levels, -shift});
  fit.slopes = interleave({ones, at::zeros_like(levels), ones});
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
    } else if (axes.solver == quant::Solver::absmean) {
      fit.alpha = here.a.mean();
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
  TensorFit fit = assemble(axes.levels, fits.front(), fits.back(), row(scales), rounds);
  if (axes.annealing.kind != quant::Relaxation::none) {
    const at::Tensor values = levels_of(axes.levels, fits.front(), fits.back());
    const at::Tensor start = at::zeros({}, values.options());
    relax(axes.annealing, values, group.progress.defined() ? group.progress : start, fit);
  }
  return fit;
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

TensorFit learned_step(const quant::LearnedStepFit& method, const TensorGroup& group) {
  const at::Tensor a = group.latent.abs();
  const at::Tensor first =
      method.stretched ? a.max().to(at::kDouble) : method.first_factor() * a.to(at::kDouble).mean();
  const at::Tensor least = at::full_like(first, quant::LearnedStepFit::kLeastFirst);
  const at::Tensor known = group.scales[0];
  const at::Tensor scale = at::where(known > 0, known, at::where(first > 0, first, least));
  std::vector<at::Tensor> values, below, above;
  for (int j = 0; j < method.level_count(); ++j) {
    values.push_back(scale * method.level(j));
    if (j == 0) continue;
    const double middle = (method.level(j - 1) + method.level(j)) / 2;
    (middle > 0 ? above : below).push_back(scale * middle);
  }
  return {at::cat({threshold_at_least(row(below)), floor_to_float(row(above))}),
          row(values).to(at::kFloat), scale.reshape({1}), no_rounds(group.latent)};
}

TensorFit lq_nets(const quant::LqNetsFit& method, const TensorGroup& group) {
  using Basis = quant::LqNetsFit::Basis<at::Tensor>;
  const auto numbers = [&](const at::Tensor& v) {
    Basis basis;
    for (int i = 0; i < method.bits; ++i) basis[static_cast<std::size_t>(i)] = v[i];
    return basis;
  };
  const auto vector = [&](const Basis& basis) {
    return row({basis.begin(), basis.begin() + method.bits});
  };
  const auto signed_levels = [&](const at::Tensor& v) {
    std::vector<at::Tensor> levels;
    for (int j = 0; j < method.half(); ++j) levels.push_back(method.level(numbers(v), j));
    return row(levels);
  };
  const auto limits = [&](const at::Tensor& magnitudes) {
    const at::Tensor low = magnitudes.narrow(0, 0, method.half() - 1),
                     high = magnitudes.narrow(0, 1, method.half() - 1);
    return floor_to_float((low + high) / 2);
  };
  const at::Tensor a = group.latent.to(at::kDouble).abs();
  // The codes that the basis gives, and the basis of these codes.
  const auto update = [&](const at::Tensor& v) {
    const at::Tensor levels = signed_levels(v);
    const at::Tensor at_level = at::bucketize(a, limits(levels.abs()).to(at::kDouble));
    std::array<at::Tensor, 4> count, sum;
    for (int j = 0; j < method.half(); ++j) {
      const at::Tensor here = at_level.eq(j).to(at::kDouble);
      count[static_cast<std::size_t>(j)] = here.sum();
      sum[static_cast<std::size_t>(j)] = (here * a).sum();
    }
    const at::Tensor one = at::ones_like(levels[0]);
    return vector(method.solve(count, sum, at::where(levels[0] < 0, -one, one), numbers(v)));
  };
  const auto ordered = [](const at::Tensor& v) { return std::get<0>(v.abs().sort()); };
  // A first basis is the host's, which settles it; one is found here, by a single round, only after
  // weights that were all 0.
  const at::Tensor known = (group.scales > 0).any();
  const at::Tensor start = at::where(known, group.scales, vector(method.first(a.mean())));
  const at::Tensor kept = quant::LqNetsFit::kKept * known.to(at::kDouble);
  const at::Tensor v = ordered(start * kept + update(start) * (1 - kept));
  const at::Tensor magnitudes = signed_levels(v).abs(), above = limits(magnitudes);
  return {at::cat({threshold_at_least(-above.to(at::kDouble)).flip(0),
                   threshold_at_least(at::zeros_like(magnitudes.narrow(0, 0, 1))), above}),
          at::cat({-magnitudes.flip(0), magnitudes}).to(at::kFloat), v, no_rounds(group.latent)};
}

std::span<float> view(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

double number(const at::Tensor& progress) {
  return progress.defined() ? progress.item<double>() : 0;
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
    group.progress = number(device.progress);
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
    progress = number(group.progress);
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
  TensorFit fit{to_device(codebook.thresholds, at::kFloat), to_device(codebook.values, at::kFloat),
                to_device(codebook.scales, at::kDouble),
                at::full({}, codebook.rounds, group.latent.options().dtype(at::kLong))};
  if (codebook.relaxed()) {
    fit.knots = to_device(codebook.knots, at::kFloat);
    fit.offsets = to_device(codebook.offsets, at::kDouble);
    fit.slopes = to_device(codebook.slopes, at::kDouble);
    fit.discrete = at::zeros({}, group.latent.options().dtype(at::kBool));
  }
  return fit;
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

at::Tensor learned_step_gradient(const quant::LearnedStepFit& method, const TensorGroup& group,
                                 const at::Tensor& gradient) {
  const at::Tensor scale = group.scales[0];
  const at::Tensor inside = (group.latent > (method.low() * scale).to(at::kFloat))
                                .logical_and(group.latent < (method.high() * scale).to(at::kFloat));
  const at::Tensor from = group.latent.to(at::kDouble) * inside;
  const at::Tensor sum = (gradient.to(at::kDouble) * (group.previous.to(at::kDouble) - from)).sum();
  const auto n = static_cast<std::size_t>(gradient.numel());
  gradient.mul_(inside);
  return (sum / scale * method.gradient_factor(n)).reshape({1});
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
  if (const auto* method = std::get_if<quant::LearnedStepFit>(&fit_))
    return learned_step(*method, group);
  if (const auto* method = std::get_if<quant::LqNetsFit>(&fit_)) return lq_nets(*method, group);
  return by_host(*method_, group);
}

at::Tensor TensorQuantizer::gradient(const TensorGroup& group, const at::Tensor& gradient) const {
  if (!gradient_) return {};
  if (std::holds_alternative<quant::TtqFit>(fit_)) return ttq_gradient(group, gradient);
  if (const auto* method = std::get_if<quant::LearnedStepFit>(&fit_))
    return learned_step_gradient(*method, group, gradient);
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
  at::Tensor fitted = values.index({at::bucketize(latent, thresholds)});
  if (slopes.defined()) {
    const at::Tensor piece = at::bucketize(latent, knots);
    const at::Tensor relaxed = offsets.index({piece}) + slopes.index({piece}) * latent;
    fitted = at::where(discrete, fitted, relaxed.to(at::kFloat));
  }
  return at::where(latent.isnan(), latent, fitted);  // bucketize() has a place for it
}

}  // namespace laq::optim
