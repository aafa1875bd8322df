#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cstdint>
#include <string>

namespace laq::nn {

/// x · mask / (1 − rate) in training, where an element of the mask is 0 with probability `rate`,
/// otherwise 1; x itself in evaluation. The masks are a function of (seed, name, number of masks
/// drawn before) alone, on every device and with any number of threads. That number is a buffer of
/// the module, so that a checkpoint holds it and a CUDA graph counts it on.
class DropoutImpl : public torch::nn::Module {
 public:
  explicit DropoutImpl(double rate);
  /// To be called before the first mask is drawn.
  void seed(std::uint64_t seed, const std::string& name);
  at::Tensor forward(const at::Tensor& x);

 private:
  double rate_;
  std::array<std::uint32_t, 2> key_{};
  at::Tensor drawn_;  // int64, a single number
};
TORCH_MODULE(Dropout);

/// The mask, already divided by 1 − rate, float32, by a loop on the CPU and by tensor operations
/// elsewhere or with `by_tensors`.
at::Tensor dropout_mask(at::IntArrayRef sizes, double rate, const std::array<std::uint32_t, 2>& key,
                        const at::Tensor& drawn, bool by_tensors = false);

}  // namespace laq::nn
