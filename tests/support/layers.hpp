#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "nn/model.hpp"

namespace laq::test {

/// A trainable tensor of this shape, normal values times `size`.
inline nn::Parameter layer(const std::string& name, const std::vector<std::int64_t>& shape,
                           bool quantizable, double size = 0.2, std::int64_t blocks = 1) {
  nn::Parameter parameter{name, at::empty(shape, at::kFloat), quantizable, blocks, 1, 1};
  RandomStream stream(1, "test layer " + name);
  float* values = parameter.tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < parameter.tensor.numel(); ++i)
    values[i] = static_cast<float>(size * stream.normal());
  parameter.tensor.set_requires_grad(true);
  return parameter;
}

/// A trainable tensor with these values.
inline nn::Parameter layer_of(const std::vector<float>& values, bool quantizable = true,
                              std::vector<std::int64_t> shape = {}) {
  if (shape.empty()) shape = {1, static_cast<std::int64_t>(values.size())};
  nn::Parameter parameter{"w", at::tensor(values).reshape(shape).clone(), quantizable, 1, 1, 1};
  parameter.tensor.set_requires_grad(true);
  return parameter;
}

inline void set_gradient(const nn::Parameter& parameter, const std::vector<float>& values) {
  parameter.tensor.mutable_grad() = at::tensor(values).reshape(parameter.tensor.sizes()).clone();
}

/// A gradient that is a function of the step; its size spans some decades, and it pulls towards
/// `centre`.
inline void set_gradient(const nn::Parameter& parameter, int step, double centre = 0) {
  RandomStream stream(static_cast<std::uint64_t>(step), "test gradient " + parameter.name);
  at::Tensor gradient = at::empty(parameter.tensor.sizes(), at::kFloat);
  float* values = gradient.data_ptr<float>();
  for (std::int64_t i = 0; i < gradient.numel(); ++i) {
    const double pull = static_cast<double>(parameter.tensor.data_ptr<float>()[i]) - centre;
    values[i] = static_cast<float>((0.1 * pull + 0.3 * stream.normal()) *
                                   std::pow(10, -2.0 * static_cast<double>(i % 7) / 7));
  }
  parameter.tensor.mutable_grad() = gradient;
}

inline std::vector<float> values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

}  // namespace laq::test
