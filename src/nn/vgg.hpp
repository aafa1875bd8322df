#pragma once

#include <vector>

#include "nn/feedforward.hpp"

namespace laq::nn {

struct VggSpec {
  std::int64_t width = 0;           ///< K: channels of the first two convolutions
  std::vector<std::int64_t> dense;  ///< units of each hidden dense layer
  bool output_norm = true;          ///< batch norm after the output layer
};
VggSpec read_vgg(config::Reader& section);
Size size(const VggSpec& spec, const Shape& shape);

/// (2×KC3)-MP2-(2×2KC3)-MP2-(2×4KC3)-MP2-(2×1024FC)-outputs (PAPER.md section 3): convolutions of
/// 3 × 3 that keep height and width, the second of each pair followed by max pooling of 2 × 2;
/// conv → [pool →] BN → ReLU, then dense → BN → ReLU, and dense [→ BN] at the end.
class Vgg : public FeedForward {
 public:
  /// Error (usage): pictures that pooling leaves nothing of.
  Vgg(const VggSpec& spec, const Shape& shape);
  /// batch × channels × height × width → batch × outputs.
  at::Tensor forward(const at::Tensor& input) override;

 private:
  struct Convolution {
    torch::nn::Conv2d conv;
    torch::nn::BatchNorm2d norm;
    bool pooled;
  };
  std::vector<Convolution> convolutions_;
};

}  // namespace laq::nn
