#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include "nn/dense.hpp"
#include "nn/model.hpp"

namespace laq::nn {

/// The layers of the paper's feedforward networks (PAPER.md section 3), registered and listed in
/// the order in which they are added: dense1, dense2, …; conv1, …; norm1, …. Weights may be
/// quantized; biases start at 0 and are not.
class FeedForward : public Model {
 protected:
  Dense add_dense(std::int64_t inputs, std::int64_t outputs);
  /// 3 × 3, stride 1, one row of zeros around the picture. As Glorot & Bengio (2010) count, one
  /// unit is fed by inputs·9 others and feeds outputs·9.
  torch::nn::Conv2d add_convolution(std::int64_t inputs, std::int64_t outputs);
  /// Batch norm over the units of the layer before it: running average factor 0.1, ε 1e-4, learned
  /// scale and shift.
  torch::nn::BatchNorm1d add_dense_norm(std::int64_t units);
  torch::nn::BatchNorm2d add_convolution_norm(std::int64_t channels);

 private:
  template <typename Norm>
  Norm add_norm(std::int64_t units);
  void list(const std::string& name, const at::Tensor& weight, const at::Tensor& bias,
            std::int64_t fan_in, std::int64_t fan_out);

  int dense_ = 0, convolutions_ = 0, norms_ = 0;
};

}  // namespace laq::nn
