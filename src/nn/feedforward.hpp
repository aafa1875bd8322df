#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include "nn/dense.hpp"
#include "nn/model.hpp"

namespace laq::nn {

/// `output_norm`: whether batch norm follows the output layer.
bool read_output_norm(config::Reader& section);

/// The layers of the paper's feedforward networks (PAPER.md section 3), registered and listed in
/// the order in which they are added: dense1, dense2, …; conv1, …; norm1, …. Weights may be
/// quantized; biases start at 0 and are not.
class FeedForward : public Model {
 protected:
  /// Dense layers one after the other, each followed by batch norm, the last one only with
  /// `output_norm`.
  void add_dense_layers(std::int64_t inputs, const std::vector<std::int64_t>& widths,
                        bool output_norm);
  /// x (batch × inputs) through them, with ReLU between them.
  at::Tensor dense_layers(at::Tensor x);
  /// 3 × 3, stride 1, one row of zeros around the picture. As Glorot & Bengio (2010) count, one
  /// unit is fed by inputs·9 others and feeds outputs·9.
  torch::nn::Conv2d add_convolution(std::int64_t inputs, std::int64_t outputs);
  /// Batch norm over the channels of the layer before it: running average factor 0.1, ε 1e-4,
  /// learned scale and shift.
  torch::nn::BatchNorm2d add_convolution_norm(std::int64_t channels);

 private:
  template <typename Norm>
  Norm add_norm(std::int64_t units);
  void list(const std::string& name, const at::Tensor& weight, const at::Tensor& bias,
            std::int64_t fan_in, std::int64_t fan_out);

  std::vector<Dense> dense_;
  std::vector<torch::nn::BatchNorm1d> dense_norms_;  // as many, or one fewer
  int convolutions_ = 0, norms_ = 0;
};

}  // namespace laq::nn
