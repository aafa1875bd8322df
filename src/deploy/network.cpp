#include "deploy/network.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "nn/spec.hpp"

namespace laq::deploy {
namespace {

using Json = Network::Json;

// Lays layers one after the other. A bias waits for a batch norm, which takes it in; max pooling
// does not change that.
class Builder {
 public:
  Builder(const Trained& trained, Network& network) : trained_(trained), network_(network) {}

  /// Adds to the weights and vectors of the network.
  Json layers(const std::vector<nn::PlannedLayer>& planned) {
    Json outer = std::exchange(layers_, Json::array());
    for (const auto& one : planned) layer(one);
    settle();
    return std::exchange(layers_, std::move(outer));
  }

  Json char_lstm(std::int64_t characters, const nn::CharLstmSpec& spec) {
    layers_ = Json::array();
    add({{"kind", "one_hot"}, {"size", characters}});
    lstm("lstm", characters, spec.units);
    if (spec.normalised) gains("lstm", "", 4 * spec.units);
    dense("output", spec.units, characters);
    settle();
    return std::move(layers_);
  }

 private:
  void layer(const nn::PlannedLayer& layer) {
    using nn::LayerKind;
    const nn::LayerSpec& spec = layer.spec;
    const std::int64_t inputs = layer.in.sizes.empty() ? 0 : layer.in.sizes.front(),
                       outputs = layer.out.sizes.front();
    switch (spec.kind) {
      case LayerKind::dense:
        dense(layer.name, inputs, outputs, spec.bias);
        break;
      case LayerKind::conv:
        conv(layer);
        break;
      case LayerKind::max_pool:
      case LayerKind::average_pool:
        pool(spec);
        break;
      case LayerKind::batch_norm:
        norm(layer.name, outputs, spec.epsilon);
        break;
      case LayerKind::layer_norm:
        layer_norm(layer.name, layer.out.count(), spec.epsilon);
        break;
      case LayerKind::relu:
      case LayerKind::tanh:
      case LayerKind::hardtanh:
        plain(nn::word_of(spec.kind));
        break;
      case LayerKind::flatten:
        if (layer.in.form == nn::Values::Form::plain) plain("flatten");
        break;
      case LayerKind::dropout:
        break;  // changes nothing after training
      case LayerKind::residual:
        residual(layer);
        break;
      case LayerKind::one_hot:
        add({{"kind", "one_hot"}, {"size", outputs}});
        break;
      case LayerKind::embedding:
        weight(layer.name + ".weight", layer.name + ".weight");
        add({{"kind", "embedding"},
             {"name", layer.name},
             {"inputs", inputs},
             {"outputs", outputs}});
        break;
      case LayerKind::lstm:
        lstm(layer.name, inputs, outputs);
        if (spec.normalised) gains(layer.name, layer.name + "_", 4 * outputs);
        break;
      case LayerKind::gru:
        gru(layer.name, inputs, outputs);
        if (spec.normalised) gains(layer.name, layer.name + "_", 3 * outputs);
        break;
    }
  }

  void dense(const std::string& name, std::int64_t inputs, std::int64_t outputs, bool bias = true) {
    weight(name + ".weight", name + ".weight");
    add({{"kind", "dense"}, {"name", name}, {"inputs", inputs}, {"outputs", outputs}});
    wait(name, outputs, bias);
  }

  // (x + b − μ) / √(σ² + ε) · γ + β as one factor and one summand.
  void norm(const std::string& name, std::int64_t units, double epsilon) {
    const auto gamma = floats(name + ".weight", units), beta = floats(name + ".bias", units),
               mean = floats(name + ".running_mean", units),
               variance = floats(name + ".running_var", units);
    std::vector<float> multiply, summand;
    for (std::size_t i = 0; i < gamma.size(); ++i) {
      const double factor =
          static_cast<double>(gamma[i]) / std::sqrt(static_cast<double>(variance[i]) + epsilon);
      const double bias = waiting_ ? static_cast<double>(waiting_->second[i]) : 0;
      multiply.push_back(static_cast<float>(factor));
      summand.push_back(static_cast<float>(static_cast<double>(beta[i]) +
                                           factor * (bias - static_cast<double>(mean[i]))));
    }
    waiting_.reset();
    add({{"kind", "scale_shift"}, {"name", name}, {"units", units}});
    network_.vectors.emplace_back(name + ".multiply", std::move(multiply));
    network_.vectors.emplace_back(name + ".add", std::move(summand));
  }

  void plain(const char* kind) {
    settle();
    add({{"kind", kind}});
  }

  void layer_norm(const std::string& name, std::int64_t units, double epsilon) {
    settle();
    add({{"kind", "layer_norm"}, {"name", name}, {"units", units}, {"epsilon", epsilon}});
    for (const std::string part : {".weight", ".bias"})
      network_.vectors.emplace_back(name + part, floats(name + part, units));
  }

  void residual(const nn::PlannedLayer& layer) {
    settle();
    Json both = {{"kind", "residual"}, {"layers", layers(layer.layers)}};
    if (!layer.shortcut.empty()) both["shortcut"] = layers(layer.shortcut);
    add(std::move(both));
  }

  void recurrent(const char* kind, const std::string& name, std::int64_t inputs,
                 std::int64_t units) {
    for (const std::string matrix : {".weight_ih", ".weight_hh"})
      weight(name + matrix, name + matrix + "_l0");
    add({{"kind", kind}, {"name", name}, {"inputs", inputs}, {"units", units}});
  }

  void gru(const std::string& name, std::int64_t inputs, std::int64_t units) {
    recurrent("gru", name, inputs, units);
    for (const std::string bias : {".bias_ih", ".bias_hh"})
      network_.vectors.emplace_back(name + bias, floats(name + bias + "_l0", 3 * units));
  }

  // Of the normalised products.
  void gains(const std::string& name, const std::string& in_run, std::int64_t count) {
    for (const std::string gain : {"gain_ih", "gain_hh"})
      network_.vectors.emplace_back(name + "." + gain, floats(in_run + gain, count));
  }

  void lstm(const std::string& name, std::int64_t inputs, std::int64_t units) {
    recurrent("lstm", name, inputs, units);
    auto bias = floats(name + ".bias_ih_l0", 4 * units);
    const auto second = floats(name + ".bias_hh_l0", 4 * units);
    for (std::size_t i = 0; i < bias.size(); ++i) bias[i] += second[i];
    network_.vectors.emplace_back(name + ".bias", std::move(bias));
  }

  void conv(const nn::PlannedLayer& layer) {
    weight(layer.name + ".weight", layer.name + ".weight");
    Json conv = {{"kind", "conv"},
                 {"name", layer.name},
                 {"inputs", layer.in.sizes.at(0)},
                 {"outputs", layer.out.sizes.at(0)},
                 {"kernel", layer.spec.kernel}};
    if (layer.spec.stride != 1) conv["stride"] = layer.spec.stride;
    if (layer.spec.padding != 0) conv["padding"] = layer.spec.padding;
    if (layer.spec.groups != 1) conv["groups"] = layer.spec.groups;
    add(std::move(conv));
    wait(layer.name, layer.out.sizes.at(0), layer.spec.bias);
  }

  void pool(const nn::LayerSpec& spec) {
    const bool largest = spec.kind == nn::LayerKind::max_pool;
    if (!largest) settle();
    Json pool = {{"kind", largest ? "max_pool" : "mean_pool"}};
    if (spec.kernel > 0) {
      pool["window"] = spec.kernel;
      if (spec.stride != spec.kernel) pool["stride"] = spec.stride;
    }
    add(std::move(pool));
  }

  void wait(const std::string& name, std::int64_t units, bool bias) {
    waiting_ = {name, bias ? floats(name + ".bias", units)
                           : std::vector<float>(static_cast<std::size_t>(units))};
  }

  void add(Json layer) { layers_.push_back(std::move(layer)); }

  // A bias that no batch norm took in.
  void settle() {
    if (!waiting_) return;
    network_.vectors.emplace_back(waiting_->first + ".bias", std::move(waiting_->second));
    waiting_.reset();
  }

  void weight(const std::string& in_file, const std::string& in_run) {
    settle();
    if (!trained_.quantized.contains(in_run) && !trained_.floats.contains(in_run)) missing(in_run);
    network_.weights.emplace_back(in_file, in_run);
  }

  const std::vector<float>& floats(const std::string& name, std::int64_t count) const {
    const auto found = trained_.floats.find(name);
    if (found == trained_.floats.end()) missing(name);
    if (std::cmp_not_equal(found->second.values.size(), count)) {
      throw Error({.what = "'" + name + "' has the wrong size",
                   .found = std::to_string(found->second.values.size()),
                   .expected = std::to_string(count)});
    }
    return found->second.values;
  }

  [[noreturn]] static void missing(const std::string& name) {
    throw Error({.what = "the run's weights lack '" + name + "'",
                 .advice = "was its network made by another version?"});
  }

  const Trained& trained_;
  Network& network_;
  Json layers_;  // of the network, or of the residual block that is being laid
  std::optional<std::pair<std::string, std::vector<float>>> waiting_;  // a bias, of which layer
};

}  // namespace

Network network_of(const Trained& trained, const data::DatasetSpec& dataset) {
  Network network;
  Builder builder(trained, network);
  config::Reader section(trained.config.find("model"), "model");
  const auto spec = nn::read_model(section).spec;
  const auto* lstm = std::get_if<nn::CharLstmSpec>(&spec);
  nn::Shape shape{dataset.shape, dataset.classes};
  if (!trained.vocabulary.empty()) {
    shape = {{}, static_cast<std::int64_t>(trained.vocabulary.size())};
    network.input = {{"kind", "characters"}, {"size", shape.outputs}};
  } else {
    const auto& sizes = dataset.shape;
    if (sizes.size() != 3) throw Error({.what = "the dataset's pictures have no size"});
    network.input = {
        {"kind", "picture"}, {"channels", sizes[0]}, {"height", sizes[1]}, {"width", sizes[2]}};
  }
  network.layers = lstm ? builder.char_lstm(shape.outputs, *lstm)
                        : builder.layers(nn::plan_layers(std::get<nn::LayerList>(spec), shape));
  network.outputs = static_cast<std::size_t>(shape.outputs);
  return network;
}

}  // namespace laq::deploy
