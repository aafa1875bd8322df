#pragma once

#include <vector>

#include "nn/feedforward.hpp"

namespace laq::nn {

struct MlpSpec {
  std::vector<std::int64_t> hidden;  ///< units of each hidden layer
};
MlpSpec read_mlp(config::Section& section);
Size size(const MlpSpec& spec, const Shape& shape);

/// Dense layers, each followed by batch norm, ReLU between them: x → [dense → BN → ReLU]* → dense →
/// BN (PAPER.md section 3).
class Mlp : public FeedForward {
 public:
  Mlp(const MlpSpec& spec, const Shape& shape);
  at::Tensor forward(const at::Tensor& input) override;

 private:
  std::vector<Dense> dense_;
  std::vector<torch::nn::BatchNorm1d> norm_;
};

}  // namespace laq::nn
