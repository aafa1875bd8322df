#include "train/loss.hpp"

#include <ATen/ATen.h>

namespace laq::train {

at::Tensor loss(Loss kind, const at::Tensor& output, const at::Tensor& labels) {
  return kind == Loss::cross_entropy ? cross_entropy(output, labels)
                                     : squared_hinge(output, labels);
}

at::Tensor squared_hinge(const at::Tensor& output, const at::Tensor& labels) {
  const at::Tensor targets = at::full_like(output.detach(), -1).scatter_(1, labels.unsqueeze(1), 1);
  return (1 - targets * output).clamp_min(0).square().mean();
}

at::Tensor cross_entropy(const at::Tensor& output, const at::Tensor& labels) {
  return at::cross_entropy_loss(output, labels);
}

}  // namespace laq::train
