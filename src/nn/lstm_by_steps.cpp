#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/lstm.hpp"

namespace laq::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

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

}  // namespace

at::Tensor one_hot_lstm_by_steps(const at::Tensor& characters, const LstmWeights& weights,
                                 double gate_bound) {
  const at::Tensor& weight_hh = weights.weight_hh;
  // A look-up of rows would be quicker, but on a GPU its gradient is added up in any order; and
  // at::one_hot looks at the characters.
  const at::Tensor letters = at::arange(weights.weight_ih.size(1), characters.options());
  const at::Tensor one_hot = characters.unsqueeze(-1).eq(letters).to(weight_hh.scalar_type());
  const at::Tensor inputs =
      at::linear(one_hot, weights.weight_ih, weights.bias_ih + weights.bias_hh);
  at::Tensor hidden = at::zeros({characters.size(1), weight_hh.size(1)}, inputs.options());
  at::Tensor cell = hidden;
  std::vector<at::Tensor> all;
  for (const at::Tensor& input : inputs.unbind()) {
    at::Tensor arguments = input.addmm(hidden, weight_hh.t());
    if (gate_bound > 0) arguments = ClippedGradient::apply(arguments, gate_bound);
    const auto gates = arguments.chunk(4, 1);
    cell = gates[1].sigmoid() * cell + gates[0].sigmoid() * gates[2].tanh();
    hidden = gates[3].sigmoid() * cell.tanh();
    all.push_back(hidden);
  }
  return at::stack(all);
}

}  // namespace laq::nn
