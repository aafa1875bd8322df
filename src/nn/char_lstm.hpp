#pragma once

#include <torch/nn/modules/rnn.h>

#include "nn/dense.hpp"
#include "nn/lstm.hpp"
#include "nn/model.hpp"

namespace laq::nn {

struct CharLstmSpec {
  std::int64_t units = 0;
  bool normalised = false;  ///< layer normalisation of the products W_ih x and W_hh h, gate by gate
};
CharLstmSpec read_char_lstm(config::Reader& section);
/// Of one character.
Size size(const CharLstmSpec& spec, const Shape& shape);

/// A one-layer LSTM that reads characters and foretells the next one (docs/mathematics.md): one-hot
/// input, no peepholes, softmax output layer. Each of the eight gate matrices is a quantizer group
/// of its own; the output layer is not quantized. The parameters are those of `nn::LSTM` and
/// `nn::Linear`. The paper's gates have one bias, so bias_hh_l0 is 0 and is not trained. With
/// `normalised`, gains of the normalised products are trained too (Hou et al., 2019).
class CharLstm : public Model {
 public:
  CharLstm(const CharLstmSpec& spec, const Shape& shape);

  /// Characters (steps × batch, int64 or uint8), each sequence from a zero state → scores of the
  /// characters that follow (steps·batch × vocabulary), step by step.
  at::Tensor forward(const at::Tensor& input) override;

  /// Gates uniform in ±0.08, the forget gate's bias 1, output weights N(0, 0.01²), other biases 0.
  void initialise(Init init, std::uint64_t seed) override;

  void clip_at_steps(double bound) override { gate_bound_ = bound; }

  at::Tensor read(std::int64_t character, Memory& memory) override;

 private:
  at::Tensor parameter(const std::string& name) const;
  LstmWeights weights() const;

  torch::nn::LSTM lstm_;
  Dense output_;
  at::Tensor gain_ih_, gain_hh_;  // undefined: the products are not normalised
  double gate_bound_ = 0;
};

}  // namespace laq::nn
