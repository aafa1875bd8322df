#pragma once

#include <torch/nn/modules/linear.h>

namespace laq::nn {

/// x Wᵀ + b for x (rows × inputs), W (outputs × inputs) and b (outputs). The products of float32 on
/// the CPU, forward and backward, are oneDNN's: with AVX-512 they take 0.77 of OpenBLAS's time at
/// 100 × 2048 × 2048, with AVX2 the same. All else is `at::linear`.
at::Tensor dense(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// `torch::nn::Linear`, computed by `dense`.
class DenseImpl : public torch::nn::LinearImpl {
 public:
  using LinearImpl::LinearImpl;
  at::Tensor forward(const at::Tensor& x) { return dense(x, weight, bias); }
};
TORCH_MODULE(Dense);

}  // namespace laq::nn
