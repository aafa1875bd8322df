#pragma once

#include <ATen/core/Tensor.h>

#include "nn/lstm.hpp"

// Recurrent layers step by step, by tensor operations on any device: for what `at::lstm` and
// `at::gru` do not know, the clipping of gradients at each step and layer normalisation. Nothing
// waits for the device.

namespace laq::nn {

/// What an LSTM remembers, batch × H each; undefined: zeros.
struct LstmState {
  at::Tensor hidden, cell;
};

/// Layer normalisation of a product with `gates` equal blocks along its last dimension: each block
/// has its mean taken off and is divided by its deviation, then times the gain (as long as the
/// product). ε = 1e-5. `gain` undefined: the product itself. The shift is the gates' own bias. (Ba
/// et al., 2016; Hou et al., 2019, normalise the two products of an LSTM apart.)
at::Tensor normalised_product(const at::Tensor& product, const at::Tensor& gain,
                              std::int64_t gates);

/// An LSTM over `inputs` (steps × batch × 4H: what comes from the layer below, biases included).
/// The hidden states, steps × batch × H; `state` goes in and comes out. `gain` (4H) normalises
/// W_hh h.
at::Tensor lstm_by_steps(const at::Tensor& inputs, const at::Tensor& weight_hh,
                         const at::Tensor& gain, double gate_bound, LstmState& state);

/// Characters → rows of `vocabulary` values, 1 at the character. Other than at::one_hot, it does
/// not look at the characters, which would wait for a GPU.
at::Tensor one_hot_rows(const at::Tensor& characters, std::int64_t vocabulary,
                        at::ScalarType type = at::kFloat);

/// `one_hot_lstm_by_steps` that goes on from a state.
at::Tensor continue_one_hot_lstm(const at::Tensor& characters, const LstmWeights& weights,
                                 double gate_bound, LstmState& state);

/// A GRU likewise (Cho et al., 2014, in LibTorch's form and order r, z, n): `inputs` steps × batch
/// × 3H; `hidden` (batch × H) goes in, undefined for zeros, and comes out.
at::Tensor gru_by_steps(const at::Tensor& inputs, const at::Tensor& weight_hh,
                        const at::Tensor& bias_hh, const at::Tensor& gain, double gate_bound,
                        at::Tensor& hidden);

}  // namespace laq::nn
