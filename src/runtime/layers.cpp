#include "runtime/layers.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace laq::runtime {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 30;  // of any size that a layer names

std::string text(const Form& form) {
  if (!form.map) return std::to_string(form.channels) + " units";
  return std::to_string(form.channels) + " x " + std::to_string(form.height) + " x " +
         std::to_string(form.width);
}

void require(bool fits, const Object& object, const char* key, const Form& in) {
  if (!fits) object.fail(key, "does not fit the input of " + text(in));
}

class Dense : public Layer {
 public:
  Dense(const Object& object, const Form& in, Source& source)
      : Layer({.channels = object.whole("outputs", 1, kMost)}) {
    require(!in.map && object.whole("inputs", 1, kMost) == in.channels, object, "inputs", in);
    const std::string name = object.text("name");
    weight_ = source.matrix(name + ".weight", {out.channels, in.channels});
    if (source.file.find(name + ".bias")) bias_ = source.floats(name + ".bias", out.channels);
    input_ = source.memory(weight_->padded_columns());
  }

  void run(const float* from, float* to, Context& context) override {
    std::copy_n(from, weight_->columns(), input_.data());
    weight_->multiply(input_.data(), to, context.scratch, context.pool);
    for (std::size_t i = 0; i < bias_.size(); ++i) to[i] += bias_[i];
  }
  std::size_t scratch() const override { return weight_->scratch(); }

 private:
  std::unique_ptr<Matrix> weight_;
  std::vector<float> bias_, input_;
};

// Positions by positions with 16 or 32 channels: the weights of a panel are unpacked once for a
// picture, so that what is left is multiplications.
class Convolution : public Layer {
 public:
  Convolution(const Object& object, const Form& in, Source& source)
      : Layer(form(object, in)),
        in_(in),
        kernel_(object.whole("kernel", 1, kMost)),
        stride_(object.whole("stride", 1, kMost, 1)),
        padding_(object.whole("padding", 0, kMost, 0)),
        groups_(object.whole("groups", 1, kMost, 1)) {
    const std::string name = object.text("name");
    std::vector<std::uint32_t> order;  // of the inputs: channels last
    const std::size_t window = times(kernel_, kernel_), fed = in.channels / groups_,
                      columns = times(window, fed);
    source.budget.take(columns, sizeof(std::uint32_t), "a convolution's order of weights");
    for (std::size_t at = 0; at < window; ++at) {
      for (std::size_t c = 0; c < fed; ++c)
        order.push_back(static_cast<std::uint32_t>(c * window + at));
    }
    weight_ = source.matrix(name + ".weight", {out.channels, fed, kernel_, kernel_}, order);
    if (source.file.find(name + ".bias")) bias_ = source.floats(name + ".bias", out.channels);
    width_ = in.width + 2 * padding_;
    padded_ = source.memory(times(times(in.height + 2 * padding_, width_), in.channels));
  }

  // For so many threads, as each unpacks for itself.
  std::size_t scratch() const override { return 2 * weight_->panel_floats(); }

  void run(const float* from, float* to, Context& context) override {
    const std::size_t row = in_.width * in_.channels;
    for (std::size_t y = 0; y < in_.height; ++y) {
      std::copy_n(from + y * row, row,
                  padded_.data() + ((y + padding_) * width_ + padding_) * in_.channels);
    }
    const std::size_t positions = out.height * out.width, own = scratch();
    context.pool.run([&](std::size_t thread, std::size_t threads) {
      const std::size_t blocks = (positions + kPositions - 1) / kPositions;
      const std::size_t first = blocks * thread / threads, last = blocks * (thread + 1) / threads;
      float* scratch = context.scratch.data() + thread * own;
      const std::size_t begin = first * kPositions, end = std::min(positions, last * kPositions);
      for (std::size_t panel = 0; panel < weight_->panels(); panel += 2) {
        if (groups_ == 1)
          run_panels(panel, begin, end, to, scratch);
        else
          run_groups(panel, begin, end, to, scratch);
      }
    });
  }

 private:
  static Form form(const Object& object, const Form& in) {
    const std::size_t kernel = object.whole("kernel", 1, kMost),
                      stride = object.whole("stride", 1, kMost, 1),
                      padding = object.whole("padding", 0, kMost, 0);
    require(in.map && object.whole("inputs", 1, kMost) == in.channels, object, "inputs", in);
    const std::size_t height = in.height + 2 * padding, width = in.width + 2 * padding;
    require(kernel <= height && kernel <= width && padding < kernel, object, "kernel", in);
    const std::size_t groups = object.whole("groups", 1, kMost, 1);
    require(in.channels % groups == 0, object, "groups", in);
    if (object.whole("outputs", 1, kMost) % groups != 0)
      object.fail("groups", "does not divide the outputs");
    return {object.whole("outputs", 1, kMost), (height - kernel) / stride + 1,
            (width - kernel) / stride + 1, true};
  }

  const float* input_of(std::size_t position) const {
    const std::size_t y = position / out.width * stride_, x = position % out.width * stride_;
    return padded_.data() + (y * width_ + x) * in_.channels;
  }

  void run_panels(std::size_t panel, std::size_t first, std::size_t last, float* to,
                  float* scratch) const {
    const std::size_t two = std::min<std::size_t>(2, weight_->panels() - panel);
    const float* weights = weight_->panel(panel, scratch);
    std::size_t apart = weight_->columns() * kLanes;
    if (two == 2 && weight_->panel_floats() > 0) {
      apart = weight_->panel_floats();
      weight_->panel(panel + 1, scratch + apart);
    }
    const std::size_t channel = panel * kLanes,
                      channels = std::min(two * kLanes, out.channels - channel);
    float sums[kPositions * 2 * kLanes];
    for (std::size_t at = first; at < last; at += kPositions) {
      const std::size_t here = std::min(kPositions, last - at);
      const float* from[kPositions];
      for (std::size_t p = 0; p < kPositions; ++p) from[p] = input_of(at + std::min(p, here - 1));
      kernels().tile(from, kPositions, kernel_, kernel_ * in_.channels, width_ * in_.channels,
                     weights, two, apart, sums);
      for (std::size_t p = 0; p < here; ++p) {
        float* pixel = to + (at + p) * out.channels + channel;
        const float* sum = sums + p * two * kLanes;
        for (std::size_t c = 0; c < channels; ++c)
          pixel[c] = sum[c] + (bias_.empty() ? 0.0f : bias_[channel + c]);
      }
    }
  }

  // Channels in groups: each output reads those of its own.
  void run_groups(std::size_t panel, std::size_t first, std::size_t last, float* to,
                  float* scratch) const {
    const std::size_t fed = in_.channels / groups_, made = out.channels / groups_;
    const std::size_t end = std::min(out.channels, (panel + 2) * kLanes);
    const float* weights = nullptr;
    for (std::size_t channel = panel * kLanes; channel < end; ++channel) {
      if (channel % kLanes == 0) weights = weight_->panel(channel / kLanes, scratch);
      const std::size_t begin = channel / made * fed;
      for (std::size_t at = first; at < last; ++at) {
        const float* weight = weights + channel % kLanes;
        float sum = bias_.empty() ? 0.0f : bias_[channel];
        for (std::size_t y = 0; y < kernel_; ++y) {
          for (std::size_t x = 0; x < kernel_; ++x) {
            const float* from = input_of(at) + (y * width_ + x) * in_.channels + begin;
            for (std::size_t c = 0; c < fed; ++c, weight += kLanes) sum += from[c] * *weight;
          }
        }
        to[at * out.channels + channel] = sum;
      }
    }
  }

  Form in_;
  std::size_t kernel_, stride_, padding_, groups_, width_ = 0;
  std::unique_ptr<Matrix> weight_;
  std::vector<float> bias_, padded_;
};

enum class Pooling { largest, mean };

template <Pooling Kind>
class Pool2d : public Layer {
 public:
  Pool2d(const Object& object, const Form& in, Source&)
      : Layer(form(object, in)),
        in_(in),
        rows_(side(object, in.height)),
        columns_(side(object, in.width)),
        stride_(object.whole("stride", 1, kMost, rows_)) {}

  void run(const float* from, float* to, Context&) override {
    const std::size_t channels = in_.channels;
    for (std::size_t y = 0; y < out.height; ++y) {
      for (std::size_t x = 0; x < out.width; ++x, to += channels) {
        const float* corner = from + (y * stride_ * in_.width + x * stride_) * channels;
        std::copy_n(corner, channels, to);
        for (std::size_t at = 1; at < rows_ * columns_; ++at) {
          const float* one = corner + (at / columns_ * in_.width + at % columns_) * channels;
          for (std::size_t c = 0; c < channels; ++c) {
            const bool larger = one[c] > to[c] || one[c] != one[c];  // NaN stays
            to[c] = Kind == Pooling::mean ? to[c] + one[c] : larger ? one[c] : to[c];
          }
        }
        const auto count = static_cast<float>(rows_ * columns_);
        for (std::size_t c = 0; Kind == Pooling::mean && c < channels; ++c) to[c] /= count;
      }
    }
  }

 private:
  static std::size_t side(const Object& object, std::size_t all) {
    return object.has("window") ? object.whole("window", 1, kMost) : all;
  }
  static Form form(const Object& object, const Form& in) {
    const std::size_t rows = side(object, in.height), columns = side(object, in.width),
                      stride = object.whole("stride", 1, kMost, rows);
    require(in.map && rows <= in.height && columns <= in.width, object, "window", in);
    return {in.channels, (in.height - rows) / stride + 1, (in.width - columns) / stride + 1, true};
  }

  Form in_;
  std::size_t rows_, columns_, stride_;  // of a window
};

// Batch norm, folded: of each unit or channel a factor and a summand.
class ScaleShift : public Layer {
 public:
  ScaleShift(const Object& object, const Form& in, Source& source) : Layer(in) {
    const std::string name = object.text("name");
    require(object.whole("units", 1, kMost) == in.channels, object, "units", in);
    multiply_ = source.floats(name + ".multiply", in.channels);
    add_ = source.floats(name + ".add", in.channels);
  }

  void run(const float* from, float* to, Context&) override {
    const std::size_t size = out.size(), channels = out.channels;
    for (std::size_t at = 0; at < size; at += channels) {
      for (std::size_t c = 0; c < channels; ++c) to[at + c] = multiply_[c] * from[at + c] + add_[c];
    }
  }

 private:
  std::vector<float> multiply_, add_;
};

class Relu : public Layer {
 public:
  Relu(const Object&, const Form& in, Source&) : Layer(in) {}
  void run(const float* from, float* to, Context&) override {
    const std::size_t size = out.size();
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i] < 0 ? 0.0f : from[i];  // NaN stays
  }
};

class Tanh : public Layer {
 public:
  Tanh(const Object&, const Form& in, Source&) : Layer(in) {}
  void run(const float* from, float* to, Context&) override {
    std::copy_n(from, out.size(), to);
    kernels().tanh(to, out.size());
  }
};

class HardTanh : public Layer {
 public:
  HardTanh(const Object&, const Form& in, Source&) : Layer(in) {}
  void run(const float* from, float* to, Context&) override {
    const std::size_t size = out.size();
    for (std::size_t i = 0; i < size; ++i) to[i] = std::clamp(from[i], -1.0f, 1.0f);
  }
};

// (x − mean) / √(variance + ε), of a whole sample or a gate's product; `to` may be `from`.
void normalise(const float* from, std::size_t count, double epsilon, float* to) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(from[i]);
  const double mean = sum / static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double apart = static_cast<double>(from[i]) - mean;
    squares += apart * apart;
  }
  const double factor = 1 / std::sqrt(squares / static_cast<double>(count) + epsilon);
  for (std::size_t i = 0; i < count; ++i)
    to[i] = static_cast<float>((static_cast<double>(from[i]) - mean) * factor);
}

class LayerNorm : public Layer {
 public:
  LayerNorm(const Object& object, const Form& in, Source& source)
      : Layer(in), epsilon_(object.number("epsilon", 0, 1)) {
    const std::string name = object.text("name");
    require(object.whole("units", 1, kMost) == in.size(), object, "units", in);
    weight_ = channels_last(source.floats(name + ".weight", in.size()), source);
    bias_ = channels_last(source.floats(name + ".bias", in.size()), source);
  }

  void run(const float* from, float* to, Context&) override {
    normalise(from, weight_.size(), epsilon_, to);
    for (std::size_t i = 0; i < weight_.size(); ++i) to[i] = weight_[i] * to[i] + bias_[i];
  }

 private:
  std::vector<float> channels_last(const std::vector<float>& values, Source& source) const {
    std::vector<float> turned = source.memory(values.size());
    const std::size_t pixels = out.height * out.width;
    for (std::size_t i = 0; i < values.size(); ++i)
      turned[i % pixels * out.channels + i / pixels] = values[i];
    return turned;
  }

  double epsilon_;
  std::vector<float> weight_, bias_;
};

// To the order of those who train: channels first.
class Flatten : public Layer {
 public:
  Flatten(const Object&, const Form& in, Source&) : Layer({.channels = in.size()}), in_(in) {}
  void run(const float* from, float* to, Context&) override {
    const std::size_t pixels = in_.height * in_.width;
    for (std::size_t c = 0; c < in_.channels; ++c) {
      for (std::size_t p = 0; p < pixels; ++p) *to++ = from[p * in_.channels + c];
    }
  }

 private:
  Form in_;
};

// out = layers(in) + shortcut(in); without a shortcut the input itself.
class Residual : public Layer {
 public:
  Residual(const Object& object, const Form& in, Source& source)
      : Residual(object, in, source, branch(object, "layers", in, source)) {}

  void run(const float* from, float* to, Context& context) override {
    body_->run(from, to, context);
    const float* added = from;
    if (shortcut_) {
      shortcut_->run(from, aside_.data(), context);
      added = aside_.data();
    }
    const std::size_t size = out.size();
    for (std::size_t i = 0; i < size; ++i) to[i] += added[i];
  }
  void reset() override {
    body_->reset();
    if (shortcut_) shortcut_->reset();
  }
  std::size_t scratch() const override {
    return std::max(body_->scratch(), shortcut_ ? shortcut_->scratch() : 0);
  }

 private:
  static std::unique_ptr<Sequence> branch(const Object& object, const char* key, const Form& in,
                                          Source& source) {
    const nlohmann::json* layers = object.list(key);
    return layers ? std::make_unique<Sequence>(*layers, in, false, source) : nullptr;
  }

  Residual(const Object& object, const Form& in, Source& source, std::unique_ptr<Sequence> body)
      : Layer(body ? body->out() : in),
        body_(std::move(body)),
        shortcut_(branch(object, "shortcut", in, source)) {
    if (!body_) object.fail("layers", "is missing");
    const Form& added = shortcut_ ? shortcut_->out() : in;
    const bool same = added.channels == out.channels && added.height == out.height &&
                      added.width == out.width && added.map == out.map;
    if (!same)
      object.fail("layers", "give " + text(out) + ", to which " + text(added) + " cannot be added");
    if (shortcut_) aside_ = source.memory(out.size());
  }

  std::unique_ptr<Sequence> body_, shortcut_;
  std::vector<float> aside_;
};

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

template <class Kind>
std::unique_ptr<Layer> make(const Object& object, const Form& in, Source& source, bool) {
  return std::make_unique<Kind>(object, in, source);
}

template <class Kind>
std::unique_ptr<Layer> make_recurrent(const Object& object, const Form& in, Source& source,
                                      bool one_hot) {
  return std::make_unique<Kind>(object, in, source, one_hot);
}

using Maker = std::unique_ptr<Layer> (*)(const Object&, const Form&, Source&, bool);

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all = {{"dense", make<Dense>},
                                                   {"conv", make<Convolution>},
                                                   {"max_pool", make<Pool2d<Pooling::largest>>},
                                                   {"mean_pool", make<Pool2d<Pooling::mean>>},
                                                   {"scale_shift", make<ScaleShift>},
                                                   {"relu", make<Relu>},
                                                   {"tanh", make<Tanh>},
                                                   {"hardtanh", make<HardTanh>},
                                                   {"layer_norm", make<LayerNorm>},
                                                   {"flatten", make<Flatten>},
                                                   {"residual", make<Residual>},
                                                   {"one_hot", make<OneHot>},
                                                   {"embedding", make<Embedding>},
                                                   {"lstm", make_recurrent<Lstm>},
                                                   {"gru", make_recurrent<Gru>}};
  return all;
}

bool reads_character(const std::string& kind) {
  return kind == "one_hot" || kind == "embedding";
}

}  // namespace

std::unique_ptr<Matrix> Source::matrix(const std::string& name,
                                       const std::vector<std::size_t>& shape,
                                       const std::vector<std::uint32_t>& order) {
  const auto found = packed.find(name);
  if (found != packed.end()) {
    const Object object(*found, "packed weight " + quoted(name));
    if (object.wholes("shape", shape.size()) != shape)
      object.fail("shape", "is not what the network needs");
    const Packed codes = read_packed(file, name, shape, object.whole("bits", 1, 8), budget);
    auto matrix = packed_matrix(codes, order, name, budget);
    weights += codes.rows * codes.columns;
    bytes += matrix->bytes();
    return matrix;
  }
  std::vector<float> values = file.floats(name, shape, budget);
  const std::size_t columns = values.size() / shape.at(0);
  if (!order.empty()) {
    budget.take(values.size(), sizeof(float), "weights in order");
    std::vector<float> ordered(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      ordered[i] = values[i / columns * columns + order[i % columns]];
    values.swap(ordered);
  }
  return float_matrix(values, shape[0], columns, budget);
}

std::vector<float> Source::floats(const std::string& name, std::size_t count) {
  return file.floats(name, {count}, budget);
}

std::vector<float> Source::memory(std::size_t count) {
  budget.take(count, sizeof(float), "what goes from layer to layer");
  return std::vector<float>(count);
}

Sequence::Sequence(const nlohmann::json& layers, const Form& in, bool characters, Source& source)
    : out_(in) {
  if (!layers.is_array()) throw Failure("the layers are not a list");
  std::size_t largest = 0;
  std::string before;
  for (const auto& json : layers) {
    const std::string where = "layer " + std::to_string(layers_.size() + 1);
    const Object object(json, where);
    const std::string kind = object.text("kind");
    const auto found = makers().find(kind);
    if (found == makers().end()) object.fail("kind", "is unknown: " + quoted(kind));
    if (reads_character(kind) != (characters && layers_.empty()))
      throw Failure(where + ": " + quoted(kind) + " " +
                    (characters ? "is not what a network of characters begins with"
                                : "needs characters as its input"));
    layers_.push_back(found->second(object, out_, source, before == "one_hot"));
    out_ = layers_.back()->out;
    largest = std::max(largest, out_.size());
    before = kind;
  }
  if (layers_.empty()) throw Failure("the network has no layers");
  for (auto& one : between_) one = source.memory(largest);
}

void Sequence::run(const float* from, float* to, Context& context) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    float* next = i + 1 == layers_.size() ? to : between_[i % 2].data();
    layers_[i]->run(from, next, context);
    from = next;
  }
}

void Sequence::reset() {
  for (auto& layer : layers_) layer->reset();
}

std::size_t Sequence::scratch() const {
  std::size_t most = 0;
  for (const auto& layer : layers_) most = std::max(most, layer->scratch());
  return most;
}

}  // namespace laq::runtime
