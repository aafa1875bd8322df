#pragma once

#include <functional>
#include <vector>

#include "nn/dropout.hpp"
#include "nn/layer_list.hpp"

namespace laq::nn {

/// A network made of a list of layers, computed one after the other. Weights may be quantized where
/// their layer says so; biases and what norms learn never are. Weights start uniform in Glorot's
/// range (`Model::initialise`), those of recurrent layers in ±0.08; biases start at 0, that of an
/// LSTM's forget gate at 1.
class Network : public Model {
 public:
  Network(const LayerList& list, const Shape& shape);

  at::Tensor forward(const at::Tensor& input) override;
  void initialise(Init init, std::uint64_t seed) override;
  void clip_at_steps(double bound) override { gate_bound_ = bound; }
  at::Tensor read(std::int64_t character, Memory& memory) override;

 private:
  using Compute = std::function<at::Tensor(const at::Tensor&)>;

  std::vector<Compute> make(const std::vector<PlannedLayer>& layers);
  Compute make(const PlannedLayer& layer);
  Compute make_dense(const PlannedLayer& layer);
  Compute make_convolution(const PlannedLayer& layer);
  Compute make_batch_norm(const PlannedLayer& layer);
  Compute make_layer_norm(const PlannedLayer& layer);
  Compute make_embedding(const PlannedLayer& layer);
  Compute make_recurrent(const PlannedLayer& layer);
  Compute make_residual(const PlannedLayer& layer);
  void list_weight(const PlannedLayer& layer, const std::string& name, const at::Tensor& weight,
                   std::int64_t blocks = 1, double half_width = 0);
  void list_bias(const std::string& name, const at::Tensor& bias);
  template <typename Norm>
  Compute norm(const PlannedLayer& layer);
  template <typename Module>
  Compute recurrent(const PlannedLayer& layer, std::int64_t gates);
  at::Tensor& remembered();

  bool pictures_ = false;  // it begins with pictures and convolves them
  std::int64_t outputs_ = 0;
  std::vector<Compute> layers_;
  std::vector<std::pair<std::string, Dropout>> dropouts_;
  double gate_bound_ = 0;
  // While a character is read: what the recurrent layers remember, and the next one's place in it.
  Memory* memory_ = nullptr;
  std::size_t remembered_ = 0;
};

}  // namespace laq::nn
