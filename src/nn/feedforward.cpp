#include "nn/feedforward.hpp"

#include <fmt/format.h>

namespace laq::nn {
namespace {

constexpr std::int64_t kWindow = 3;

}  // namespace

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

Dense FeedForward::add_dense(std::int64_t inputs, std::int64_t outputs) {
  const auto name = fmt::format("dense{}", ++dense_);
  auto dense = register_module(name, Dense(inputs, outputs));
  list(name, dense->weight, dense->bias, inputs, outputs);
  return dense;
}

torch::nn::Conv2d FeedForward::add_convolution(std::int64_t inputs, std::int64_t outputs) {
  const auto name = fmt::format("conv{}", ++convolutions_);
  auto convolution = register_module(
      name, torch::nn::Conv2d(torch::nn::Conv2dOptions(inputs, outputs, kWindow).padding(1)));
  list(name, convolution->weight, convolution->bias, inputs * kWindow * kWindow,
       outputs * kWindow * kWindow);
  return convolution;
}

torch::nn::BatchNorm1d FeedForward::add_dense_norm(std::int64_t units) {
  return add_norm<torch::nn::BatchNorm1d>(units);
}

torch::nn::BatchNorm2d FeedForward::add_convolution_norm(std::int64_t channels) {
  return add_norm<torch::nn::BatchNorm2d>(channels);
}

}  // namespace laq::nn
