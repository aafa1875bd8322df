#include "optim/tensor_sums.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "optim/backend.hpp"

namespace laq::optim {
namespace {

using quant::Side;

// All at once, as each copy to the host waits for the device.
std::vector<double> numbers(const std::vector<at::Tensor>& ones) {
  std::vector<at::Tensor> rows;
  for (const auto& one : ones) rows.push_back(one.reshape({1}).to(at::kDouble));
  return optim::numbers(at::cat(rows));
}

quant::LevelSums sums(const at::Tensor& d, const at::Tensor& q, const at::Tensor& w) {
  const auto of = numbers({(d * q * w).sum(), (d * q * q).sum(), (d * q).sum()});
  return {of[0], of[1], of[2]};
}

}  // namespace

std::vector<double> known_scales(const at::Tensor& scales) {
  std::vector<double> all = numbers(scales);
  if (!std::ranges::any_of(all, [](double scale) { return scale > 0; })) all.clear();
  return all;
}

TensorSums::TensorSums(const at::Tensor& latent, const at::Tensor& curvature,
                       const at::Tensor& previous, std::vector<double> known,
                       double training_progress)
    : latent_(latent.to(at::kDouble)),
      curvature_(curvature.defined() ? curvature.to(at::kDouble) : at::ones_like(latent_)),
      previous_(previous.to(at::kDouble)) {
  count = static_cast<std::size_t>(latent.numel());
  scales = std::move(known);
  progress = training_progress;
}

at::Tensor TensorSums::magnitude(Side side) const {
  if (side == Side::both) return latent_.abs();
  return (side == Side::positive ? latent_ : -latent_).clamp_min(0);
}

quant::MagnitudeSums TensorSums::magnitudes(Side side) {
  const at::Tensor a = magnitude(side);
  const auto of = numbers({a.sum(), (curvature_ * (a > 0)).sum(), (curvature_ * a).sum(), a.max(),
                           (curvature_ * latent_.eq(0)).sum()});
  return {of[0], of[1], of[2], static_cast<float>(of[3]), of[4]};
}

quant::LevelSums TensorSums::levels(Side side, std::span<const float> steps,
                                    std::span<const float> thresholds) {
  const at::Tensor a = magnitude(side);
  const auto on_device = [&](std::span<const float> values) {
    return at::tensor(std::vector<double>(values.begin(), values.end()), a.options());
  };
  return sums(curvature_, on_device(steps).index({at::bucketize(a, on_device(thresholds))}), a);
}

quant::BySign TensorSums::previous(bool by_sign) {
  if (!by_sign) return {{sums(curvature_, previous_, latent_), {}}};
  return {{sums(curvature_ * (previous_ > 0), previous_, latent_),
           sums(curvature_ * (previous_ <= 0), previous_, latent_)}};
}

quant::LevelSums TensorSums::used() {
  return sums(curvature_, previous_.ne(0).to(at::kDouble), latent_.abs());
}

double TensorSums::optimum(Side side, const quant::LevelSet& levels) {
  const auto host = [](const at::Tensor& tensor) { return tensor.to(at::kCPU, at::kFloat); };
  const at::Tensor w = host(latent_), d = host(curvature_);
  quant::GroupSums whole({{w.data_ptr<float>(), count}, {d.data_ptr<float>(), count}, {}, scales},
                         {.curvature = true});
  return whole.optimum(side, levels);
}

}  // namespace laq::optim
