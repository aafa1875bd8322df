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
  Builder(const Trained& trained, Network& network) : trained_(trained), network_(network) {
    network_.layers = Json::array();
  }

  void layer(const nn::PlannedLayer& layer) {
    using nn::LayerKind;
    const nn::LayerSpec& spec = layer.spec;
    switch (spec.kind) {
      case LayerKind::dense:
        dense(layer.name, layer.in.count(), layer.out.count(), spec.bias);
        break;
      case LayerKind::conv:
        if (spec.groups != 1) unknown(spec, "its channels are in groups");
        conv(layer);
        break;
      case LayerKind::max_pool:
      case LayerKind::average_pool:
        pool(layer);
        break;
      case LayerKind::batch_norm:
        norm(layer.name, layer.out.sizes.front(), spec.epsilon);
        break;
      case LayerKind::relu:
      case LayerKind::tanh:
      case LayerKind::flatten:
        plain(nn::word_of(spec.kind));
        break;
      case LayerKind::dropout:
        break;  // changes nothing after training
      default:
        unknown(spec, "the runtime's description of it is not written yet");
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

  void lstm(const std::string& name, std::int64_t inputs, std::int64_t units) {
    for (const std::string matrix : {".weight_ih", ".weight_hh"})
      weight(name + matrix, name + matrix + "_l0");
    add({{"kind", "lstm"}, {"name", name}, {"inputs", inputs}, {"units", units}});
    auto bias = floats(name + ".bias_ih_l0", 4 * units);
    const auto second = floats(name + ".bias_hh_l0", 4 * units);
    for (std::size_t i = 0; i < bias.size(); ++i) bias[i] += second[i];
    network_.vectors.emplace_back(name + ".bias", std::move(bias));
  }

  void one_hot(std::int64_t size) { add({{"kind", "one_hot"}, {"size", size}}); }

  void finish() { settle(); }

 private:
  void conv(const nn::PlannedLayer& layer) {
    weight(layer.name + ".weight", layer.name + ".weight");
    add({{"kind", "conv"},
         {"name", layer.name},
         {"inputs", layer.in.sizes.at(0)},
         {"outputs", layer.out.sizes.at(0)},
         {"kernel", layer.spec.kernel},
         {"stride", layer.spec.stride},
         {"padding", layer.spec.padding}});
    wait(layer.name, layer.out.sizes.at(0), layer.spec.bias);
  }

  void pool(const nn::PlannedLayer& layer) {
    const nn::LayerSpec& spec = layer.spec;
    const std::int64_t height = layer.in.sizes.at(1), width = layer.in.sizes.at(2);
    const std::int64_t window = spec.kernel > 0 ? spec.kernel : height;
    if (spec.padding != 0 || (spec.kernel == 0 && height != width))
      unknown(spec, "its windows are not whole or not square");
    const bool largest = spec.kind == nn::LayerKind::max_pool;
    if (!largest) settle();
    add({{"kind", largest ? "max_pool" : "mean_pool"},
         {"window", window},
         {"stride", spec.kernel > 0 ? spec.stride : window}});
  }

  [[noreturn]] static void unknown(const nn::LayerSpec& spec, const std::string& why) {
    throw Error({.what = fmt::format("layer '{}' ({}) cannot be exported", spec.path,
                                     nn::word_of(spec.kind)),
                 .found = why});
  }

  void wait(const std::string& name, std::int64_t units, bool bias) {
    waiting_ = {name, bias ? floats(name + ".bias", units)
                           : std::vector<float>(static_cast<std::size_t>(units))};
  }

  void add(Json layer) { network_.layers.push_back(std::move(layer)); }

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
  std::optional<std::pair<std::string, std::vector<float>>> waiting_;  // a bias, of which layer
};

}  // namespace

Network network_of(const Trained& trained, const data::DatasetSpec& dataset) {
  Network network;
  Builder builder(trained, network);
  config::Reader section(trained.config.find("model"), "model");
  const auto spec = nn::read_model(section).spec;
  std::int64_t outputs = dataset.classes;
  if (const auto* lstm = std::get_if<nn::CharLstmSpec>(&spec)) {
    outputs = static_cast<std::int64_t>(trained.vocabulary.size());
    network.input = {{"kind", "characters"}, {"size", outputs}};
    builder.one_hot(outputs);
    builder.lstm("lstm", outputs, lstm->units);
    builder.dense("output", lstm->units, outputs);
  } else {
    const auto& shape = dataset.shape;
    if (shape.size() != 3) throw Error({.what = "the dataset's pictures have no size"});
    network.input = {
        {"kind", "picture"}, {"channels", shape[0]}, {"height", shape[1]}, {"width", shape[2]}};
    for (const auto& layer : nn::plan_layers(std::get<nn::LayerList>(spec), {shape, outputs}))
      builder.layer(layer);
  }
  builder.finish();
  network.outputs = static_cast<std::size_t>(outputs);
  return network;
}

}  // namespace laq::deploy
