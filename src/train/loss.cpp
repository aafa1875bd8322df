#include "train/loss.hpp"

#include <ATen/ATen.h>

namespace laq::train {

at::Tensor squared_hinge(const at::Tensor& output, const at::Tensor& labels) {
  const at::Tensor targets = at::full_like(output.detach(), -1).scatter_(1, labels.unsqueeze(1), 1);
  return (1 - targets * output).clamp_min(0).square().mean();
}

}  // namespace laq::train
