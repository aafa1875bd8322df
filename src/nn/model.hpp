#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"

namespace laq::nn {

/// A trainable tensor of a model. Weights may be quantized; the rest (biases, batch norm) never is.
struct Parameter {
  std::string name;  ///< as in `named_parameters`, e.g. "dense1.weight"
  at::Tensor tensor;
  bool quantizable = false;
  std::int64_t blocks =
      1;  ///< equal blocks along the first dimension that never share a scale (LSTM gates)
  std::int64_t fan_in = 0, fan_out = 0;  ///< weights only: units feeding and fed by one unit
};

/// How wide weights are spread at the start (PAPER.md section 3): half-width of a uniform
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

 protected:
  void add_weight(const std::string& name, const at::Tensor& tensor, std::int64_t fan_in,
                  std::int64_t fan_out, std::int64_t blocks = 1);
  void add_plain(const std::string& name, const at::Tensor& tensor);

 private:
  std::vector<Parameter> parameters_;
};

/// What the data fixes about a model.
struct Shape {
  std::vector<std::int64_t> input;  ///< channels, height, width; of text empty
  std::int64_t outputs = 0;         ///< classes; of text its vocabulary
};

/// Reads `model:` (kind, init and the kind's own keys) and makes the model with its initial
/// weights, a function of `seed` alone: the same draws for every method, scaled by `init`.
std::shared_ptr<Model> make_model(config::Reader& section, const Shape& shape, std::uint64_t seed);

/// Reads and checks `model:` without making anything.
void check_model(config::Reader& section);

/// How large a model is, without making it.
struct Size {
  double weights = 0;          ///< quantizable
  double multiplications = 0;  ///< of one forward pass of one sample
  double blocks = 0;           ///< of weights that never share a scale
  double rows = 0;             ///< the same where each output row has its own

  /// A matrix (or window) of weights that is applied at a number of positions.
  void add(double inputs, double outputs, double positions) {
    weights += inputs * outputs;
    multiplications += inputs * outputs * positions;
    blocks += 1;
    rows += outputs;
  }
};

/// Of the model that `section` describes.
Size model_size(config::Reader& section, const Shape& shape);

}  // namespace laq::nn
