#include "nn/mlp.hpp"

#include <fmt/format.h>

#include <functional>
#include <numeric>

namespace laq::nn {
namespace {

std::int64_t input_size(const Shape& shape) {
  return std::accumulate(shape.input.begin(), shape.input.end(), std::int64_t{1},
                         std::multiplies<>());
}

std::vector<std::int64_t> layer_widths(const MlpSpec& spec, const Shape& shape) {
  std::vector<std::int64_t> widths = spec.hidden;
  widths.push_back(shape.outputs);
  return widths;
}

}  // namespace

MlpSpec read_mlp(config::Section& section) {
  return {section.integers("hidden", {}, {1, 1 << 20})};
}

double weight_count(const MlpSpec& spec, const Shape& shape) {
  double count = 0, inputs = static_cast<double>(input_size(shape));
  for (const std::int64_t width : layer_widths(spec, shape)) {
    count += inputs * static_cast<double>(width);
    inputs = static_cast<double>(width);
  }
  return count;
}

Mlp::Mlp(const MlpSpec& spec, const Shape& shape) {
  std::int64_t inputs = input_size(shape);
  const std::vector<std::int64_t> widths = layer_widths(spec, shape);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto dense_name = fmt::format("dense{}", i + 1);
    const auto norm_name = fmt::format("norm{}", i + 1);
    auto dense = register_module(dense_name, torch::nn::Linear(inputs, widths[i]));
    auto norm = register_module(
        norm_name,
        torch::nn::BatchNorm1d(torch::nn::BatchNormOptions(widths[i]).eps(1e-4).momentum(0.1)));
    const torch::NoGradGuard no_gradient;
    dense->bias.zero_();
    add_weight(dense_name + ".weight", dense->weight, inputs, widths[i]);
    add_plain(dense_name + ".bias", dense->bias);
    add_plain(norm_name + ".weight", norm->weight);
    add_plain(norm_name + ".bias", norm->bias);
    dense_.push_back(dense);
    norm_.push_back(norm);
    inputs = widths[i];
  }
}

at::Tensor Mlp::forward(const at::Tensor& input) {
  at::Tensor x = input.flatten(1);
  for (std::size_t i = 0; i < dense_.size(); ++i) {
    x = norm_[i](dense_[i](x));
    if (i + 1 < dense_.size()) x = x.relu_();
  }
  return x;
}

}  // namespace laq::nn
