#include "optim/optimizer.hpp"

#include "core/error.hpp"
#include "optim/device_proximal_adam.hpp"
#include "optim/proximal_adam.hpp"
#include "quant/device_fit.hpp"

namespace laq::optim {

std::int64_t groups_of(const nn::Parameter& parameter, quant::Grouping grouping) {
  const bool by_row = parameter.scales == nn::Scales::by_method
                          ? grouping == quant::Grouping::row
                          : parameter.scales == nn::Scales::of_row;
  return by_row ? parameter.tensor.size(0) : parameter.blocks;
}

kernels::ScaleStep scale_step(const AdamOptions& options, double rate, std::int64_t count) {
  return {options.beta1, options.beta2,   options.epsilon, rate, static_cast<double>(count),
          options.sgd,   options.momentum};
}

void require_levels(const quant::Codebook& codebook, std::size_t levels) {
  if (codebook.values.size() == levels) return;
  throw Error({.what = "the quantizer changed its number of levels",
               .found = std::to_string(codebook.values.size()),
               .expected = std::to_string(levels)});
}

std::unique_ptr<Optimizer> make_optimizer(const std::vector<nn::Parameter>& parameters,
                                          const quant::Quantization& quantizer,
                                          const AdamOptions& options) {
  if (parameters.empty() || parameters.front().tensor.is_cpu()) {
    return std::make_unique<ProximalAdam>(parameters, quantizer, options);
  }
  return std::make_unique<DeviceProximalAdam>(parameters, quantizer, options);
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
