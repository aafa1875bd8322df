#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "nn/size.hpp"

namespace laq::nn {

/// A trainable tensor of a model. Weights may be quantized; the rest (biases, batch norm) never is.
struct Parameter {
  std::string name;  ///< as in `named_parameters`, e.g. "dense1.weight"
  at::Tensor tensor;
  bool quantizable = false;
  std::int64_t blocks =
      1;  ///< equal blocks along the first dimension that never share a scale (LSTM gates)
  std::int64_t fan_in = 0, fan_out = 0;  ///< weights only: units feeding and fed by one unit
  Scales scales = Scales::by_method;
  double half_width = 0;  ///< of its initial values; 0: what `Init` and the fans say
};

/// How wide weights are spread at the start (docs/mathematics.md): half-width of a uniform
/// distribution.
enum class Init {
  loss_aware,  ///< sqrt(1.5 / (fan_in + fan_out))
  glorot       ///< sqrt(6 / (fan_in + fan_out))
};

/// A network in plain LibTorch modules. It holds the weights it computes with, quantized or not,
/// and nothing else.
class Model : public torch::nn::Module {
 public:
  /// batch × features (or channels × height × width) → batch × outputs; of characters, steps ×
  /// batch → steps·batch × outputs.
  virtual at::Tensor forward(const at::Tensor& input) = 0;
  /// Every trainable tensor in a fixed order.
  const std::vector<Parameter>& layers() const { return parameters_; }
  /// Where its tensors are.
  c10::Device device() const { return parameters_.front().tensor.device(); }
  /// Draws the initial values. Without a rule of its own, a kind of network gets uniform weights;
  /// its biases and batch norm are as they were made.
  virtual void initialise(Init init, std::uint64_t seed);
  /// Of a recurrent network: from now on, gradients to the gates' arguments are clipped to ±bound
  /// at each time step (`nn::one_hot_lstm`); 0: not. Others have nothing to clip.
  virtual void clip_at_steps(double /*bound*/) {}

  /// What a recurrent network remembers of the characters it has read; empty before the first.
  using Memory = std::vector<at::Tensor>;
  /// Of a network for text: reads one character; scores of the next one (vocabulary). Without
  /// gradients. Error: the network is not for text.
  virtual at::Tensor read(std::int64_t character, Memory& memory);

 protected:
  void add_weight(Parameter weight);
  void add_plain(const std::string& name, const at::Tensor& tensor);

 private:
  std::vector<Parameter> parameters_;
};

/// Reads `model:` (kind, init and the kind's own keys) and makes the model with its initial
/// weights, a function of `seed` alone: the same draws for every method, scaled by `init`.
std::shared_ptr<Model> make_model(config::Reader& section, const Shape& shape, std::uint64_t seed);

/// Reads and checks `model:` without making anything; what needs the data's shape is checked by
/// `model_size`.
void check_model(config::Reader& section);

/// Of the model that `section` describes. Errors (usage): it does not fit the shape.
Size model_size(config::Reader& section, const Shape& shape);

}  // namespace laq::nn
