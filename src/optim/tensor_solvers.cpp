#include "optim/tensor_solvers.hpp"

#include <ATen/ATen.h>

#include <limits>

#include "quant/alternating.hpp"
#include "quant/gain.hpp"

namespace laq::optim {
namespace {

at::Tensor ratio(const at::Tensor& sum, const at::Tensor& weight) {
  return at::where(weight <= 0, at::zeros_like(sum), sum / weight);  // not a number: as it is
}

/// Σ d q a / Σ d q² for the levels nearest to a/α.
at::Tensor updated_scale(const Magnitudes& side, const LevelTensors& levels,
                         const at::Tensor& alpha) {
  const at::Tensor limits = floor_to_float(levels.midpoints * alpha).to(at::kDouble);
  const at::Tensor q = levels.values.index({at::bucketize(side.a, limits)});
  return ratio((side.d * q * side.a).sum(), (side.d * q * q).sum());
}

at::Tensor first_scale(const TensorGroup& group, const Magnitudes& here, quant::Side side) {
  const at::Tensor w = group.latent.to(at::kDouble), before = group.previous.to(at::kDouble);
  at::Tensor weight = here.d;
  if (side == quant::Side::positive) weight = weight * (before > 0);
  if (side == quant::Side::negative) weight = weight * (before <= 0);
  const std::int64_t which = side == quant::Side::negative ? 1 : 0;
  const at::Tensor previous =
      group.scales[which] * ratio((weight * before * w).sum(), (weight * before * before).sum());
  at::Tensor twn = top_level_scale(here, twn_threshold(group.latent));
  if (side != quant::Side::both) {
    const at::Tensor own = top_level_scale(here, quant::kTwnFactor * here.a.mean());
    twn = at::where(twn > 0, twn, own);
  }
  return at::where(previous > 0, previous, twn);
}

/// Updates a first scale until it settles; `most` counts the first one.
template <typename Update>
TensorAlternation repeat(at::Tensor alpha, int most, const Update& update) {
  at::Tensor done = alpha <= 0;
  at::Tensor rounds = at::ones({}, alpha.options().dtype(at::kLong));
  for (int round = 1; round < most; ++round) {
    const at::Tensor next = update(alpha);
    rounds = rounds + done.logical_not().to(at::kLong);
    const at::Tensor settled = (next - alpha).abs() < quant::kAlternatingTolerance;
    alpha = at::where(done, alpha, next);
    done = done.logical_or(settled).logical_or(alpha <= 0);
  }
  return {alpha, rounds};
}

/// Along the last dimension. On a GPU one long scan adds in another order each time, many short
/// ones do not.
at::Tensor prefix_sums(const at::Tensor& rows) {
  constexpr std::int64_t kShort = 1024;
  const std::int64_t n = rows.size(1), parts = (n + kShort - 1) / kShort;
  const at::Tensor within = at::constant_pad_nd(rows, {0, parts * kShort - n})
                                .view({rows.size(0), parts, kShort})
                                .cumsum(2);
  const at::Tensor totals = within.select(2, kShort - 1).narrow(1, 0, parts - 1);
  const at::Tensor before = at::constant_pad_nd(totals, {1, 0}).cumsum(1).unsqueeze(2);
  return (within + before).view({rows.size(0), -1}).narrow(1, 0, n);
}

}  // namespace

Magnitudes magnitudes(const TensorGroup& group, quant::Side side) {
  const at::Tensor w = group.latent.to(at::kDouble);
  const at::Tensor a = side == quant::Side::both       ? w.abs()
                       : side == quant::Side::positive ? w.clamp_min(0)
                                                       : (-w).clamp_min(0);
  return {a, group.curvature.defined() ? group.curvature.to(at::kDouble) : at::ones_like(w)};
}

at::Tensor floor_to_float(const at::Tensor& x) {
  const at::Tensor near = x.to(at::kFloat);
  const at::Tensor below =
      at::nextafter(near, at::full_like(near, -std::numeric_limits<float>::infinity()));
  return at::where(near.to(at::kDouble) > x, below, near);
}

at::Tensor threshold_at_least(const at::Tensor& x) {
  const at::Tensor least = -floor_to_float(-x);
  return at::nextafter(least, at::full_like(least, -std::numeric_limits<float>::infinity()));
}

at::Tensor top_level_scale(const Magnitudes& side, const at::Tensor& threshold) {
  const at::Tensor d = side.d * (side.a > floor_to_float(threshold).to(at::kDouble));
  return ratio((d * side.a).sum(), d.sum());
}

at::Tensor twn_threshold(const at::Tensor& latent) {
  return quant::kTwnFactor * latent.to(at::kDouble).abs().mean();
}

at::Tensor exact_scale(const Magnitudes& side, const quant::LevelSet& levels) {
  // Weight i goes from level j − 1 to j where α falls below a_i / m_j.
  std::vector<at::Tensor> at_scale, gain, weight;
  for (int j = 1; j <= levels.k(); ++j) {
    const double low = levels.level(j - 1), high = levels.level(j);
    at_scale.push_back(side.a / levels.midpoint(j));
    gain.push_back(side.d * side.a * (high - low));
    weight.push_back(side.d * (high * high - low * low));
  }
  const at::Tensor order = at::cat(at_scale).argsort(0, /*descending=*/true);
  const at::Tensor sums =
      prefix_sums(at::stack({at::cat(gain).index({order}), at::cat(weight).index({order})}));
  const at::Tensor s = sums[0], d = sums[1];
  const at::Tensor gains = s * s / d, scales = s / d;
  // Not `>=`: a gain that is not a number makes the scale one.
  const at::Tensor best = (gains < gains.max() * (1 - quant::kGainTie)).logical_not();
  const double none = std::numeric_limits<double>::infinity();
  return at::where(best, scales, at::full_like(scales, none)).min();  // the smallest of equals
}

LevelTensors level_tensors(const quant::LevelSet& levels, c10::Device device) {
  std::vector<double> values, midpoints;
  for (int j = 0; j <= levels.k(); ++j) values.push_back(levels.level(j));
  for (int j = 1; j <= levels.k(); ++j) midpoints.push_back(levels.midpoint(j));
  const at::TensorOptions type(at::kDouble);
  return {at::tensor(values, type).to(device), at::tensor(midpoints, type).to(device)};
}

TensorAlternation alternating_scale(const TensorGroup& group, quant::Side side,
                                    const LevelTensors& levels) {
  const Magnitudes here = magnitudes(group, side);
  return repeat(first_scale(group, here, side), quant::kMostRounds,
                [&](const at::Tensor& alpha) { return updated_scale(here, levels, alpha); });
}

TensorAlternation released_scale(const TensorGroup& group, const LevelTensors& levels) {
  const Magnitudes here = magnitudes(group, quant::Side::both);
  const at::Tensor d = here.d * group.previous.ne(0);
  const at::Tensor previous = ratio((d * here.a).sum(), d.sum()) * (group.scales > 0).any();
  const at::Tensor twn = top_level_scale(here, twn_threshold(group.latent));
  return repeat(
      at::where(previous > 0, previous, twn), quant::kMostRounds + 1, [&](const at::Tensor& alpha) {
        const at::Tensor limits = threshold_at_least(levels.midpoints * alpha).to(at::kDouble);
        const at::Tensor dq = here.d * levels.values.index({at::bucketize(here.a, limits)});
        return ratio((dq * here.a).sum(), dq.sum());
      });
}

}  // namespace laq::optim
