#pragma once

#include <ATen/core/Tensor.h>

namespace laq::train {

/// Squared hinge loss on ±1 one-vs-all targets, mean over batch and classes (PAPER.md section 3):
/// mean of max(0, 1 − t·y)². `output`: batch × classes; `labels`: batch, int64.
at::Tensor squared_hinge(const at::Tensor& output, const at::Tensor& labels);

}  // namespace laq::train
