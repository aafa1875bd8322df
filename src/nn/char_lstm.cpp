#include "nn/char_lstm.hpp"

#include <ATen/ATen.h>

#include "nn/initial.hpp"
#include "nn/lstm.hpp"

namespace laq::nn {
namespace {

constexpr double kHalfWidth = 0.08, kOutputDeviation = 0.01, kForgetBias = 1;
constexpr std::int64_t kGates = 4, kForgetGate = 1;

}  // namespace

CharLstmSpec read_char_lstm(config::Reader& section) {
  if (section.has("output_norm")) {
    section.refuse("output_norm", "has no meaning with char_lstm, which has no batch norm",
                   "remove it");
  }
  return {section.integer("units", {}, {1, 1 << 14})};
}

Size size(const CharLstmSpec& spec, const Shape& shape) {
  const auto units = static_cast<double>(spec.units), outputs = static_cast<double>(shape.outputs);
  // A one-hot input picks a column: no multiplication.
  return {kGates * units * (units + outputs), kGates * units * units + units * outputs, 2 * kGates,
          2 * kGates * units};
}

CharLstm::CharLstm(const CharLstmSpec& spec, const Shape& shape)
    : lstm_(register_module("lstm", torch::nn::LSTM(shape.outputs, spec.units))),
      output_(register_module("output", Dense(spec.units, shape.outputs))) {
  for (const char* name : {"weight_ih_l0", "weight_hh_l0"}) {
    const at::Tensor weight = parameter(name);
    add_weight(std::string("lstm.") + name, weight, weight.size(1), spec.units, kGates);
  }
  add_plain("lstm.bias_ih_l0", parameter("bias_ih_l0"));
  parameter("bias_hh_l0").set_requires_grad(false);
  add_plain("output.weight", output_->weight);
  add_plain("output.bias", output_->bias);
}

at::Tensor CharLstm::parameter(const std::string& name) const {
  return lstm_->named_parameters()[name];
}

void CharLstm::initialise(Init, std::uint64_t seed) {
  const at::NoGradGuard no_gradient;
  for (const auto& layer : layers()) {
    if (layer.quantizable) fill_uniform(layer.tensor, kHalfWidth, seed, layer.name);
  }
  const at::Tensor bias = parameter("bias_ih_l0");
  bias.zero_();
  bias.chunk(kGates)[kForgetGate].fill_(kForgetBias);
  parameter("bias_hh_l0").zero_();
  fill_normal(output_->weight, kOutputDeviation, seed, "output.weight");
  output_->bias.zero_();
}

at::Tensor CharLstm::forward(const at::Tensor& input) {
  const LstmWeights weights{parameter("weight_ih_l0"), parameter("weight_hh_l0"),
                            parameter("bias_ih_l0"), parameter("bias_hh_l0")};
  if (weights.weight_hh.is_cpu())
    return output_(one_hot_lstm(input, weights, gate_bound_).flatten(0, 1));
  if (gate_bound_ > 0 && at::GradMode::is_enabled())
    return output_(one_hot_lstm_by_steps(input, weights, gate_bound_).flatten(0, 1));
  const at::Tensor one_hot =
      at::one_hot(input.to(at::kLong), weights.weight_ih.size(1)).to(weights.weight_hh.dtype());
  return output_(std::get<0>(lstm_(one_hot)).flatten(0, 1));
}

at::Tensor CharLstm::read(std::int64_t character, State& state) {
  const at::NoGradGuard no_gradient;
  const at::Tensor weight = parameter("weight_ih_l0");
  if (!state.hidden.defined()) {
    state.hidden = at::zeros({1, weight.size(0) / kGates}, weight.options());
    state.cell = at::zeros_like(state.hidden);
  }
  const at::Tensor input = at::zeros({1, weight.size(1)}, weight.options());
  input[0][character] = 1;
  std::tie(state.hidden, state.cell) =
      at::lstm_cell(input, {state.hidden, state.cell}, weight, parameter("weight_hh_l0"),
                    parameter("bias_ih_l0"), parameter("bias_hh_l0"));
  return output_(state.hidden)[0];
}

}  // namespace laq::nn
