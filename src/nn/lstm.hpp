#pragma once

#include <ATen/core/Tensor.h>

namespace laq::nn {

/// Weights of a one-layer LSTM as in `nn::LSTM`, gates in the order i, f, g, o: weight_ih 4H × V,
/// weight_hh 4H × H, biases 4H. Gains (4H) of normalised products are for `one_hot_lstm_by_steps`.
struct LstmWeights {
  at::Tensor weight_ih, weight_hh, bias_ih, bias_hh;
  at::Tensor gain_ih = {}, gain_hh = {};
};

/// An LSTM over one-hot inputs: what `at::lstm` gives for one_hot(characters) from a zero state,
/// faster. `characters`: steps × batch, int64 or uint8, each below V; the result, the hidden
/// states: steps × batch × H, in the weights' type (float32 or float64). Differentiable once with
/// respect to the weights. The product with one-hot inputs is a look-up of rows, and weight_hh's
/// gradient is one product over all steps. On the CPU the recurrent product runs on packed weights
/// and each thread carries its share of the batch through all steps; a GPU works as in
/// `one_hot_lstm_by_products`. `gate_bound` > 0: on the way back, the gradients to the gates'
/// arguments are clipped to ±gate_bound, element by element, at each step before they go on to
/// weights, biases and the step before (docs/mathematics.md); NaN stays NaN. Errors: sizes or types
/// that do not fit; on the CPU, a character that is not below V.
at::Tensor one_hot_lstm(const at::Tensor& characters, const LstmWeights& weights,
                        double gate_bound = 0);

/// The same as a GPU does it, on any device (`nn/lstm_products.hpp`). Nothing waits for the device,
/// the characters are not checked, and gradients are added up in the same order each time.
at::Tensor one_hot_lstm_by_products(const at::Tensor& characters, const LstmWeights& weights,
                                    double gate_bound = 0);

/// The same by tensor operations (`nn/recurrent.hpp`), and with layer normalisation where there are
/// gains. Nothing waits for the device, sizes and characters are not checked, and gradients are
/// added up in the same order each time.
at::Tensor one_hot_lstm_by_steps(const at::Tensor& characters, const LstmWeights& weights,
                                 double gate_bound);

}  // namespace laq::nn
