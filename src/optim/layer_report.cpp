#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "optim/proximal_adam.hpp"

namespace laq::optim {

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
  // With a scale of 0 every level is 0; the code is 0 then, or +1 where there is no 0.
  auto zero = std::find(report.codes.begin(), report.codes.end(), 0);
  if (zero == report.codes.end()) zero = std::find(report.codes.begin(), report.codes.end(), 1);
  const std::size_t zero_level =
      zero == report.codes.end() ? 0 : static_cast<std::size_t>(zero - report.codes.begin());

  std::size_t zeros = 0, flips = 0;
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    const double* levels = slot.levels.data_ptr<double>() + g * slot.levels.size(1);
    const std::vector<float> values(levels, levels + slot.levels.size(1));
    const float* quantized = group(slot, g, nullptr).previous.data();
    auto* index = slot.level_index.data_ptr<std::uint8_t>() + static_cast<std::size_t>(g) * size;
    for (std::size_t i = 0; i < size; ++i) {
      // ŵ holds exactly the rule's values, so its level is found without the latent weight.
      std::size_t level = quantized[i] == 0 ? zero_level : 0;
      while (level + 1 < values.size() && values[level] != quantized[i]) ++level;
      ++at_level[level];
      zeros += quantized[i] == 0 ? 1 : 0;
      flips += index[i] != level ? 1 : 0;
      index[i] = static_cast<std::uint8_t>(level);
    }
    report.rounds += static_cast<double>(slot.rounds.data_ptr<std::int64_t>()[g]);
  }
  const auto total = static_cast<double>(slot.latent.numel());
  for (const std::size_t n : at_level) report.level_share.push_back(static_cast<double>(n) / total);
  report.zero_fraction = static_cast<double>(zeros) / total;
  report.flips = static_cast<double>(flips) / total;
  report.rounds /= static_cast<double>(slot.groups);

  const at::Tensor curvature = slot.second.sqrt().add_(1e-8);
  const std::size_t n = static_cast<std::size_t>(slot.latent.numel());
  report.weighted_error =
      quant::objective({slot.latent.data_ptr<float>(), n}, {curvature.data_ptr<float>(), n},
                       {slot.parameter.tensor.data_ptr<float>(), n});
  return report;
}

}  // namespace laq::optim
