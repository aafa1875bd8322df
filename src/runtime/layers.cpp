#include "runtime/layers.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/layer_kinds.hpp"

namespace laq::runtime {
namespace {

std::string text(const Form& form) {
  if (!form.map) return std::to_string(form.channels) + " units";
  return std::to_string(form.channels) + " x " + std::to_string(form.height) + " x " +
         std::to_string(form.width);
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

const Makers& makers() {
  static const Makers all = [] {
    Makers kinds = {{"dense", make<Dense>},       {"scale_shift", make<ScaleShift>},
                    {"relu", make<Relu>},         {"tanh", make<Tanh>},
                    {"hardtanh", make<HardTanh>}, {"layer_norm", make<LayerNorm>},
                    {"flatten", make<Flatten>},   {"residual", make<Residual>}};
    kinds.merge(convolution_layers());
    kinds.merge(character_layers());
    return kinds;
  }();
  return all;
}

bool reads_character(const std::string& kind) {
  return kind == "one_hot" || kind == "embedding";
}

}  // namespace

void require(bool fits, const Object& object, const char* key, const Form& in) {
  if (!fits) object.fail(key, "does not fit the input of " + text(in));
}

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
