#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "kernels/report.hpp"
#include "optim/proximal_adam.hpp"

namespace laq::optim {

double largest_magnitude(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return static_cast<double>(largest);
}

std::vector<double> histogram(std::span<const float> values, double largest) {
  std::vector<std::size_t> counts(kLatentBins);
  for (const float value : values)
    ++counts[static_cast<std::size_t>(
        kernels::bin_of(value, largest, static_cast<int>(kLatentBins)))];
  std::vector<double> result;
  for (const std::size_t count : counts)
    result.push_back(static_cast<double>(count) / static_cast<double>(values.size()));
  return result;
}

std::size_t zero_level(std::span<const int> codes) {
  // With a scale of 0 every level is 0.
  auto zero = std::find(codes.begin(), codes.end(), 0);
  if (zero == codes.end()) zero = std::find(codes.begin(), codes.end(), 1);
  return zero == codes.end() ? 0 : static_cast<std::size_t>(zero - codes.begin());
}

std::vector<LayerReport> ProximalAdam::report() {
  const at::NoGradGuard no_gradient;
  std::vector<LayerReport> reports;
  for (auto& slot : slots_) {
    if (slot.quantized) reports.push_back(report(slot));
  }
  return reports;
}

LayerReport ProximalAdam::report(Slot& slot) const {
  LayerReport report;
  report.name = slot.parameter.name;
  const double* scales = slot.scales.data_ptr<double>();
  report.scales.assign(scales, scales + slot.scales.numel());
  report.codes = slot.codes;

  const std::size_t size = static_cast<std::size_t>(slot.latent.numel() / slot.groups);
  std::vector<std::size_t> at_level(report.codes.size());
  const std::size_t zero = zero_level(report.codes);

  const bool relaxes = !quantizer_.method->discrete(0);
  double away = 0, whole = 0;
  std::size_t zeros = 0, flips = 0;
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    const double* levels = slot.levels.data_ptr<double>() + g * slot.levels.size(1);
    const std::vector<float> values(levels, levels + slot.levels.size(1));
    const float* quantized = group(slot, g).previous.data();
    auto* index = slot.level_index.data_ptr<std::uint8_t>() + static_cast<std::size_t>(g) * size;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t level =
          quantized[i] == 0
              ? zero
              : static_cast<std::size_t>(kernels::level_of(
                    quantized[i], values.data(), static_cast<int>(values.size()), relaxes));
      if (relaxes) {
        const auto w = static_cast<double>(quantized[i]);
        const double error = w - static_cast<double>(values[level]);
        away += error * error;
        whole += w * w;
      }
      ++at_level[level];
      zeros += quantized[i] == 0 ? 1 : 0;
      flips += index[i] != level ? 1 : 0;
      index[i] = static_cast<std::uint8_t>(level);
    }
    report.rounds += static_cast<double>(slot.rounds.data_ptr<std::int64_t>()[g]);
    report.level_values.resize(report.codes.size());
    for (std::size_t j = 0; j < report.codes.size(); ++j)
      report.level_values[j] += levels[j] / static_cast<double>(slot.groups);
  }
  const auto total = static_cast<double>(slot.latent.numel());
  for (const std::size_t n : at_level) report.level_share.push_back(static_cast<double>(n) / total);
  report.zero_fraction = static_cast<double>(zeros) / total;
  report.flips = static_cast<double>(flips) / total;
  report.rounds /= static_cast<double>(slot.groups);
  if (relaxes) report.relaxation = whole > 0 ? std::sqrt(away / whole) : 0;

  const at::Tensor curvature = slot.second.sqrt().add_(quant::kCurvatureFloor);
  const std::size_t n = static_cast<std::size_t>(slot.latent.numel());
  report.weighted_error =
      quant::objective({slot.latent.data_ptr<float>(), n}, {curvature.data_ptr<float>(), n},
                       {slot.parameter.tensor.data_ptr<float>(), n});
  const std::span<const float> latent(slot.latent.data_ptr<float>(), n);
  report.latent_largest = largest_magnitude(latent);
  report.latent_share = histogram(latent, report.latent_largest);
  if (const auto exact = quantizer_.method->exact()) {
    const at::Tensor used = exact->squared_curvature() ? curvature.square() : curvature;
    report.gap = gap_to_optimum(slot, *exact, used);
  }
  return report;
}

double ProximalAdam::gap_to_optimum(const Slot& slot, const quant::Quantizer& exact,
                                    const at::Tensor& curvature) const {
  const float* d = exact.uses_curvature() ? curvature.data_ptr<float>() : nullptr;
  const std::size_t size =
      static_cast<std::size_t>(slot.latent.numel()) / static_cast<std::size_t>(slot.groups);
  std::vector<float> best(size);
  double found = 0, least = 0;
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    quant::Group here = group(slot, g);
    if (d) here.curvature = {d + static_cast<std::size_t>(g) * size, size};
    found += quant::objective(here.latent, here.curvature, here.previous);
    // The optimum of these weights alone: without a look at the scales of before.
    here.scales.clear();
    quant::apply(quant::fit(exact, here), here.latent, best);
    least += quant::objective(here.latent, here.curvature, best);
  }
  if (found <= least) return 0;  // ŵ is rounded to float
  return found / least - 1;
}

}  // namespace laq::optim
