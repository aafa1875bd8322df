#pragma once

#include <ATen/core/Tensor.h>

// An LSTM over characters through time, on any device: one product with W_hh a step, by LibTorch,
// and one kernel for the rest. Where a GPU has room for the weights in its processors (512 units
// and a batch of 100 on an H100), one kernel does all steps. Nothing waits for the device.

namespace laq::nn {

/// Hidden states and, for the way back, the gates' values (steps × batch × 4H) and the cells (steps
/// × batch × H).
struct LstmPassed {
  at::Tensor hidden, gates, cells;
};

/// Forward from a zero state. `characters`: steps × batch, int64; `table`: vocabulary × 4H, W_ih's
/// columns plus both biases; `weight_hh`: 4H × H. All dense. `keep`: whether gates and cells are
/// wanted. Error: no kernels for the device in this build.
LstmPassed lstm_by_products(const at::Tensor& characters, const at::Tensor& table,
                            const at::Tensor& weight_hh, bool keep);

/// Backward. `to_hidden`: the loss's gradient to every hidden state. `passed.gates` becomes the
/// gradient to the gates' arguments, clipped to ±bound at each step before it goes on.
void lstm_back_by_products(const LstmPassed& passed, const at::Tensor& weight_hh,
                           const at::Tensor& to_hidden, double bound);

}  // namespace laq::nn
