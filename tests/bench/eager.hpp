#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>
#include <vector>

// The plain LibTorch versions that ours are measured against: what one would write first.

namespace laq::bench {

/// LATe by sorting: |w| in descending order, cumulative Σ d|w| and Σ d, arg max of S²/D. Returns ŵ
/// and α.
std::pair<at::Tensor, double> eager_late(const at::Tensor& w, const at::Tensor& d);

/// LATa from TWN's start: α and codes in turn until |Δα| < 1e-6 or 10 rounds.
std::pair<at::Tensor, double> eager_lata(const at::Tensor& w, const at::Tensor& d);

/// TWN: threshold 0.7 mean|w|.
std::pair<at::Tensor, double> eager_twn(const at::Tensor& w);

/// The paper's networks, written eagerly.
enum class Network {
  mlp,  ///< 784-2048-2048-2048-10
  vgg   ///< CIFAR-10's, K = 128
};

/// A training step with nn::Linear, nn::Conv2d, nn::BatchNorm, optim::Adam; with `late`, the
/// weights are latent and the network computes with eager_late's ŵ (d = √v + 1e-8).
class EagerTraining {
 public:
  EagerTraining(Network network, bool late, double learning_rate, std::uint64_t seed);
  ~EagerTraining();
  void step(const at::Tensor& input, const at::Tensor& labels);
  /// Weights, biases, batch norm's scales and shifts of every layer in turn; the same order as a
  /// model's `layers()`.
  std::vector<at::Tensor> parameters() const;
  /// Starts from these latent values.
  void set_parameters(const std::vector<at::Tensor>& values);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace laq::bench
