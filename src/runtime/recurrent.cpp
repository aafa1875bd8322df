#include <algorithm>
#include <cmath>

#include "runtime/layer_kinds.hpp"

namespace laq::runtime {
namespace {

// The input of a network that reads characters: the number of the character alone.
class OneHot : public Layer {
 public:
  OneHot(const Object& object, const Form& in, Source&) : Layer(in) {
    require(object.whole("size", 1, kMost) == in.channels, object, "size", in);
  }
  void run(const float*, float* to, Context& context) override {
    std::fill_n(to, out.channels, 0.0f);
    to[context.character] = 1;
  }
};

class Embedding : public Layer {
 public:
  Embedding(const Object& object, const Form& in, Source& source)
      : Layer({.channels = object.whole("outputs", 1, kMost)}) {
    require(object.whole("inputs", 1, kMost) == in.channels, object, "inputs", in);
    rows_ = source.matrix(object.text("name") + ".weight", {in.channels, out.channels});
  }
  std::size_t scratch() const override { return rows_->panel_floats(); }
  void run(const float*, float* to, Context& context) override {
    const std::size_t row = context.character;
    const float* panel = rows_->panel(row / kLanes, context.scratch.data());
    for (std::size_t i = 0; i < out.channels; ++i) to[i] = panel[i * kLanes + row % kLanes];
  }

 private:
  std::unique_ptr<Matrix> rows_;
};

// W x + W_h h (+ biases) of an LSTM or a GRU, whose gates follow each other as in PyTorch. With
// gains the two products are normalised apart, gate by gate.
class Recurrent : public Layer {
 public:
  Recurrent(const Object& object, const Form& in, Source& source, std::size_t gates, bool one_hot)
      : Layer({.channels = object.whole("units", 1, kMost)}), one_hot_(one_hot) {
    require(!in.map && object.whole("inputs", 1, kMost) == in.channels, object, "inputs", in);
    const std::string name = object.text("name");
    const std::size_t rows = times(gates, out.channels);
    by_input_ = source.matrix(name + ".weight_ih", {rows, in.channels});
    by_state_ = source.matrix(name + ".weight_hh", {rows, out.channels});
    if (source.file.find(name + ".gain_ih")) {
      by_input_gain_ = source.floats(name + ".gain_ih", rows);
      by_state_gain_ = source.floats(name + ".gain_hh", rows);
    }
    from_input_ = source.memory(rows);
    from_state_ = source.memory(rows);
    input_ = source.memory(by_input_->padded_columns());
    hidden_ = source.memory(by_state_->padded_columns());
  }

  std::size_t scratch() const override {
    return std::max(by_input_->scratch(), by_state_->scratch());
  }
  void reset() override { std::fill(hidden_.begin(), hidden_.end(), 0.0f); }

 protected:
  void multiply(const float* from, Context& context) {
    if (one_hot_) {
      by_input_->column(context.character, from_input_.data());
    } else {
      std::copy_n(from, by_input_->columns(), input_.data());
      by_input_->multiply(input_.data(), from_input_.data(), context.scratch, context.pool);
    }
    by_state_->multiply(hidden_.data(), from_state_.data(), context.scratch, context.pool);
    normalise_gates(by_input_gain_, from_input_);
    normalise_gates(by_state_gain_, from_state_);
  }

  std::vector<float> from_input_, from_state_, hidden_;

 private:
  void normalise_gates(const std::vector<float>& gain, std::vector<float>& product) const {
    constexpr double kEpsilon = 1e-5;
    for (std::size_t at = 0; at < gain.size(); at += out.channels)
      normalise(product.data() + at, out.channels, kEpsilon, product.data() + at);
    for (std::size_t i = 0; i < gain.size(); ++i) product[i] *= gain[i];
  }

  bool one_hot_;
  std::unique_ptr<Matrix> by_input_, by_state_;
  std::vector<float> input_, by_input_gain_, by_state_gain_;
};

class Lstm : public Recurrent {
 public:
  Lstm(const Object& object, const Form& in, Source& source, bool one_hot)
      : Recurrent(object, in, source, 4, one_hot),
        bias_(source.floats(object.text("name") + ".bias", from_state_.size())),
        cell_(source.memory(out.channels)) {}

  void run(const float* from, float* to, Context& context) override {
    multiply(from, context);
    for (std::size_t i = 0; i < bias_.size(); ++i) from_state_[i] += from_input_[i] + bias_[i];
    kernels().lstm_gates(from_state_.data(), out.channels, cell_.data(), hidden_.data());
    std::copy_n(hidden_.data(), out.channels, to);
  }
  void reset() override {
    Recurrent::reset();
    std::fill(cell_.begin(), cell_.end(), 0.0f);
  }

 private:
  std::vector<float> bias_, cell_;
};

class Gru : public Recurrent {
 public:
  Gru(const Object& object, const Form& in, Source& source, bool one_hot)
      : Recurrent(object, in, source, 3, one_hot),
        input_bias_(source.floats(object.text("name") + ".bias_ih", from_state_.size())),
        state_bias_(source.floats(object.text("name") + ".bias_hh", from_state_.size())) {}

  void run(const float* from, float* to, Context& context) override {
    multiply(from, context);
    for (std::size_t i = 0; i < input_bias_.size(); ++i) {
      from_input_[i] += input_bias_[i];
      from_state_[i] += state_bias_[i];
    }
    kernels().gru_gates(from_input_.data(), from_state_.data(), out.channels, hidden_.data());
    std::copy_n(hidden_.data(), out.channels, to);
  }

 private:
  std::vector<float> input_bias_, state_bias_;
};

}  // namespace

Makers character_layers() {
  return {{"one_hot", make<OneHot>},
          {"embedding", make<Embedding>},
          {"lstm", make<Lstm>},
          {"gru", make<Gru>}};
}

}  // namespace laq::runtime
