#include "nn/recurrent.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace laq::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kNormEpsilon = 1e-5;

/// The identity, whose gradient is clipped to ±bound. NaN stays NaN.
class ClippedGradient : public torch::autograd::Function<ClippedGradient> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& values, double bound) {
    context->saved_data["bound"] = bound;
    return values.view_as(values);
  }

  static variable_list backward(AutogradContext* context, variable_list to_output) {
    const double bound = context->saved_data["bound"].toDouble();
    return {to_output[0].clamp(-bound, bound), at::Tensor()};
  }
};

at::Tensor clipped(const at::Tensor& arguments, double bound) {
  return bound > 0 ? ClippedGradient::apply(arguments, bound) : arguments;
}

at::Tensor zeros_like_state(const at::Tensor& inputs, const at::Tensor& weight_hh) {
  return at::zeros({inputs.size(1), weight_hh.size(1)}, inputs.options());
}

}  // namespace

at::Tensor normalised_product(const at::Tensor& product, const at::Tensor& gain,
                              std::int64_t gates) {
  if (!gain.defined()) return product;
  const std::int64_t units = product.size(-1) / gates;
  std::vector<std::int64_t> apart = product.sizes().vec();
  apart.back() = gates;
  apart.push_back(units);
  const at::Tensor each =
      at::layer_norm(product.reshape(apart), {units}, {}, {}, kNormEpsilon, false);
  return each.reshape(product.sizes()) * gain;
}

at::Tensor lstm_by_steps(const at::Tensor& inputs, const at::Tensor& weight_hh,
                         const at::Tensor& gain, double gate_bound, LstmState& state) {
  if (!state.hidden.defined()) state.hidden = state.cell = zeros_like_state(inputs, weight_hh);
  std::vector<at::Tensor> all;
  for (const at::Tensor& input : inputs.unbind()) {
    const at::Tensor sum =
        gain.defined() ? input + normalised_product(at::linear(state.hidden, weight_hh), gain, 4)
                       : input.addmm(state.hidden, weight_hh.t());
    const auto gates = clipped(sum, gate_bound).chunk(4, 1);
    state.cell = gates[1].sigmoid() * state.cell + gates[0].sigmoid() * gates[2].tanh();
    state.hidden = gates[3].sigmoid() * state.cell.tanh();
    all.push_back(state.hidden);
  }
  return at::stack(all);
}

at::Tensor gru_by_steps(const at::Tensor& inputs, const at::Tensor& weight_hh,
                        const at::Tensor& bias_hh, const at::Tensor& gain, double gate_bound,
                        at::Tensor& hidden) {
  if (!hidden.defined()) hidden = zeros_like_state(inputs, weight_hh);
  std::vector<at::Tensor> all;
  for (const at::Tensor& input : inputs.unbind()) {
    const auto from_below = input.chunk(3, 1);
    const auto from_before =
        (normalised_product(at::linear(hidden, weight_hh), gain, 3) + bias_hh).chunk(3, 1);
    const at::Tensor reset = clipped(from_below[0] + from_before[0], gate_bound).sigmoid();
    const at::Tensor keep = clipped(from_below[1] + from_before[1], gate_bound).sigmoid();
    const at::Tensor fresh = clipped(from_below[2] + reset * from_before[2], gate_bound).tanh();
    hidden = fresh + keep * (hidden - fresh);
    all.push_back(hidden);
  }
  return at::stack(all);
}

at::Tensor one_hot_rows(const at::Tensor& characters, std::int64_t vocabulary,
                        at::ScalarType type) {
  const at::Tensor letters = at::arange(vocabulary, characters.options());
  return characters.unsqueeze(-1).eq(letters).to(type);
}

at::Tensor continue_one_hot_lstm(const at::Tensor& characters, const LstmWeights& weights,
                                 double gate_bound, LstmState& state) {
  // A look-up of rows would be quicker, but on a GPU its gradient is added up in any order.
  const at::Tensor one_hot =
      one_hot_rows(characters, weights.weight_ih.size(1), weights.weight_hh.scalar_type());
  const at::Tensor bias = weights.bias_ih + weights.bias_hh;
  // The product with a one-hot input is a column of W_ih: each is normalised once.
  const at::Tensor inputs =
      weights.gain_ih.defined()
          ? at::matmul(one_hot, normalised_product(weights.weight_ih.t(), weights.gain_ih, 4)) +
                bias
          : at::linear(one_hot, weights.weight_ih, bias);
  return lstm_by_steps(inputs, weights.weight_hh, weights.gain_hh, gate_bound, state);
}

at::Tensor one_hot_lstm_by_steps(const at::Tensor& characters, const LstmWeights& weights,
                                 double gate_bound) {
  LstmState state;
  return continue_one_hot_lstm(characters, weights, gate_bound, state);
}

}  // namespace laq::nn
