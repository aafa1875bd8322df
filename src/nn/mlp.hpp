#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <vector>

#include "nn/model.hpp"

namespace laq::nn {

struct MlpSpec {
  std::vector<std::int64_t> hidden;  ///< units of each hidden layer
};
MlpSpec read_mlp(config::Section& section);
double weight_count(const MlpSpec& spec, const Shape& shape);

/// Dense layers, each followed by batch norm (running average factor 0.1, ε 1e-4, learned scale and
/// shift), ReLU between them: x → [dense → BN → ReLU]* → dense → BN (PAPER.md section 3). Biases
/// start at 0.
class Mlp : public Model {
 public:
  Mlp(const MlpSpec& spec, const Shape& shape);
  at::Tensor forward(const at::Tensor& input) override;

 private:
  std::vector<torch::nn::Linear> dense_;
  std::vector<torch::nn::BatchNorm1d> norm_;
};

}  // namespace laq::nn
