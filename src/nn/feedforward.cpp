#include "nn/feedforward.hpp"

#include <fmt/format.h>

namespace laq::nn {
namespace {

constexpr std::int64_t kWindow = 3;

}  // namespace

bool read_output_norm(config::Reader& section) {
  return section.flag("output_norm", true, config::Canonical::omit_default);
}

void FeedForward::list(const std::string& name, const at::Tensor& weight, const at::Tensor& bias,
                       std::int64_t fan_in, std::int64_t fan_out) {
  const torch::NoGradGuard no_gradient;
  bias.zero_();
  add_weight(name + ".weight", weight, fan_in, fan_out);
  add_plain(name + ".bias", bias);
}

template <typename Norm>
Norm FeedForward::add_norm(std::int64_t units) {
  const auto name = fmt::format("norm{}", ++norms_);
  auto norm =
      register_module(name, Norm(torch::nn::BatchNormOptions(units).eps(1e-4).momentum(0.1)));
  add_plain(name + ".weight", norm->weight);
  add_plain(name + ".bias", norm->bias);
  return norm;
}

void FeedForward::add_dense_layers(std::int64_t inputs, const std::vector<std::int64_t>& widths,
                                   bool output_norm) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto name = fmt::format("dense{}", i + 1);
    auto dense = register_module(name, Dense(inputs, widths[i]));
    list(name, dense->weight, dense->bias, inputs, widths[i]);
    dense_.push_back(std::move(dense));
    if (output_norm || i + 1 < widths.size())
      dense_norms_.push_back(add_norm<torch::nn::BatchNorm1d>(widths[i]));
    inputs = widths[i];
  }
}

at::Tensor FeedForward::dense_layers(at::Tensor x) {
  for (std::size_t i = 0; i < dense_.size(); ++i) {
    x = dense_[i](x);
    if (i < dense_norms_.size()) x = dense_norms_[i](x);
    if (i + 1 < dense_.size()) x = x.relu_();
  }
  return x;
}

torch::nn::Conv2d FeedForward::add_convolution(std::int64_t inputs, std::int64_t outputs) {
  const auto name = fmt::format("conv{}", ++convolutions_);
  auto convolution = register_module(
      name, torch::nn::Conv2d(torch::nn::Conv2dOptions(inputs, outputs, kWindow).padding(1)));
  list(name, convolution->weight, convolution->bias, inputs * kWindow * kWindow,
       outputs * kWindow * kWindow);
  return convolution;
}

torch::nn::BatchNorm2d FeedForward::add_convolution_norm(std::int64_t channels) {
  return add_norm<torch::nn::BatchNorm2d>(channels);
}

}  // namespace laq::nn
