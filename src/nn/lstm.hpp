#pragma once

#include <ATen/core/Tensor.h>

namespace laq::nn {

/// Weights of a one-layer LSTM as in `nn::LSTM`, gates in the order i, f, g, o: weight_ih 4H × V,
/// weight_hh 4H × H, biases 4H.
struct LstmWeights {
  at::Tensor weight_ih, weight_hh, bias_ih, bias_hh;
};

/// An LSTM over one-hot inputs on the CPU: what `at::lstm` gives for one_hot(characters) from a
/// zero state, faster. `characters`: steps × batch, int64 or uint8, each below V; the result, the
/// hidden states: steps × batch × H, in the weights' type (float32 or float64). Differentiable once
/// with respect to the weights. The product with one-hot inputs is a look-up of rows, the recurrent
/// product runs on packed weights, each thread carries its share of the batch through all steps,
/// and weight_hh's gradient is one product over all steps.
/// Errors: sizes or types that do not fit, a character that is not below V.
at::Tensor one_hot_lstm(const at::Tensor& characters, const LstmWeights& weights);

}  // namespace laq::nn
