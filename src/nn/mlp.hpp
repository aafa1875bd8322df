#pragma once

#include <vector>

#include "nn/feedforward.hpp"

namespace laq::nn {

struct MlpSpec {
  std::vector<std::int64_t> hidden;  ///< units of each hidden layer
  bool output_norm = true;           ///< batch norm after the output layer
};
MlpSpec read_mlp(config::Reader& section);
Size size(const MlpSpec& spec, const Shape& shape);

/// Dense layers, each followed by batch norm, ReLU between them: x → [dense → BN → ReLU]* → dense
/// [→ BN] (PAPER.md section 3).
class Mlp : public FeedForward {
 public:
  Mlp(const MlpSpec& spec, const Shape& shape);
  at::Tensor forward(const at::Tensor& input) override { return dense_layers(input.flatten(1)); }
};

}  // namespace laq::nn
