#include "nn/char_lstm.hpp"

#include <ATen/ATen.h>

#include "nn/initial.hpp"
#include "nn/recurrent.hpp"

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
  const std::int64_t units = section.integer("units", {}, {1, 1 << 14});
  return {units, section.choice<bool>("norm", false, {{"none", false}, {"layer", true}},
                                      config::Canonical::omit_default)};
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
    add_weight({.name = std::string("lstm.") + name,
                .tensor = weight,
                .quantizable = true,
                .blocks = kGates,
                .fan_in = weight.size(1),
                .fan_out = spec.units,
                .half_width = kHalfWidth});
  }
  add_plain("lstm.bias_ih_l0", parameter("bias_ih_l0"));
  parameter("bias_hh_l0").set_requires_grad(false);
  add_plain("output.weight", output_->weight);
  add_plain("output.bias", output_->bias);
  if (!spec.normalised) return;
  for (auto [gain, name] : {std::pair{&gain_ih_, "gain_ih"}, {&gain_hh_, "gain_hh"}}) {
    *gain = register_parameter(name, at::ones({kGates * spec.units}));
    add_plain(name, *gain);
  }
}

at::Tensor CharLstm::parameter(const std::string& name) const {
  return lstm_->named_parameters()[name];
}

LstmWeights CharLstm::weights() const {
  return {parameter("weight_ih_l0"),
          parameter("weight_hh_l0"),
          parameter("bias_ih_l0"),
          parameter("bias_hh_l0"),
          gain_ih_,
          gain_hh_};
}

void CharLstm::initialise(Init init, std::uint64_t seed) {
  const at::NoGradGuard no_gradient;
  Model::initialise(init, seed);
  const at::Tensor bias = parameter("bias_ih_l0");
  bias.zero_();
  bias.chunk(kGates)[kForgetGate].fill_(kForgetBias);
  parameter("bias_hh_l0").zero_();
  fill_normal(output_->weight, kOutputDeviation, seed, "output.weight");
  output_->bias.zero_();
}

at::Tensor CharLstm::forward(const at::Tensor& input) {
  const auto lstm = gain_ih_.defined() ? one_hot_lstm_by_steps : one_hot_lstm;
  return output_(lstm(input, weights(), gate_bound_).flatten(0, 1));
}

at::Tensor CharLstm::read(std::int64_t character, Memory& memory) {
  const at::NoGradGuard no_gradient;
  memory.resize(2);
  LstmState state{memory[0], memory[1]};
  const at::Tensor input =
      at::full({1, 1}, character, at::TensorOptions(at::kLong).device(device()));
  const at::Tensor hidden = continue_one_hot_lstm(input, weights(), 0, state);
  memory = {state.hidden, state.cell};
  return output_(hidden[0])[0];
}

}  // namespace laq::nn
