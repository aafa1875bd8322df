#include "optim/backend.hpp"

#include <ATen/ATen.h>

#include "core/error.hpp"
#include "kernels/bodies.hpp"

namespace laq::optim {

at::Tensor curvature_of(const Slot& slot, bool squared) {
  const at::Tensor curvature = slot.second.sqrt().add_(quant::kCurvatureFloor);
  return squared ? curvature.square() : curvature;
}

std::vector<double> numbers(const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kCPU, at::kDouble).contiguous();
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

std::span<double> row(const at::Tensor& tensor, std::int64_t group) {
  const std::int64_t n = tensor.size(1);
  return {tensor.data_ptr<double>() + group * n, static_cast<std::size_t>(n)};
}

void learn(const Memory& memory, const kernels::Step& now, const quant::Group& group,
           std::span<float> gradient, const GroupScales& scales, std::int64_t index) {
  const auto& method = *memory.quantizer.method;
  const std::vector<double> of_scales = method.gradient()(group, gradient);
  if (!method.learns_scales()) return;
  const kernels::ScaleStep constants = kernels::scale_step(memory.settings, now);
  for (std::size_t s = 0; s < of_scales.size(); ++s)
    kernels::move_scale(row(scales.values, index)[s], row(scales.first, index)[s],
                        row(scales.second, index)[s], of_scales[s], constants);
}

void require_levels(const quant::Codebook& codebook, std::size_t levels) {
  if (codebook.values.size() == levels) return;
  throw Error({.what = "the quantizer changed its number of levels",
               .found = std::to_string(codebook.values.size()),
               .expected = std::to_string(levels)});
}

}  // namespace laq::optim
