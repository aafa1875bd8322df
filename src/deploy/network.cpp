#include "deploy/network.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "nn/char_lstm.hpp"
#include "nn/mlp.hpp"
#include "nn/vgg.hpp"

namespace laq::deploy {
namespace {

using Json = Network::Json;

constexpr double kNormEpsilon = 1e-4;  // that of nn::FeedForward
constexpr std::int64_t kWindow = 3;    // likewise

// Lays layers one after the other. A bias waits for a batch norm, which takes it in; max pooling
// does not change that.
class Builder {
 public:
  Builder(const Trained& trained, Network& network) : trained_(trained), network_(network) {
    network_.layers = Json::array();
  }

  void dense(const std::string& name, std::int64_t inputs, std::int64_t outputs) {
    weight(name + ".weight", name + ".weight");
    add({{"kind", "dense"}, {"name", name}, {"inputs", inputs}, {"outputs", outputs}});
    waiting_ = {name, floats(name + ".bias", outputs)};
  }

  void conv(const std::string& name, std::int64_t inputs, std::int64_t outputs) {
    weight(name + ".weight", name + ".weight");
    add({{"kind", "conv"},
         {"name", name},
         {"inputs", inputs},
         {"outputs", outputs},
         {"kernel", kWindow},
         {"stride", 1},
         {"padding", 1}});
    waiting_ = {name, floats(name + ".bias", outputs)};
  }

  // (x + b − μ) / √(σ² + ε) · γ + β as one factor and one summand.
  void norm(const std::string& name, std::int64_t units) {
    const auto gamma = floats(name + ".weight", units), beta = floats(name + ".bias", units),
               mean = floats(name + ".running_mean", units),
               variance = floats(name + ".running_var", units);
    std::vector<float> multiply, summand;
    for (std::size_t i = 0; i < gamma.size(); ++i) {
      const double factor = static_cast<double>(gamma[i]) /
                            std::sqrt(static_cast<double>(variance[i]) + kNormEpsilon);
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

  void max_pool(std::int64_t window) { add({{"kind", "max_pool"}, {"window", window}}); }
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

void dense_layers(Builder& builder, std::int64_t inputs, std::vector<std::int64_t> widths,
                  bool output_norm, int norms) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const bool last = i + 1 == widths.size();
    builder.dense(fmt::format("dense{}", i + 1), inputs, widths[i]);
    if (!last || output_norm) builder.norm(fmt::format("norm{}", ++norms), widths[i]);
    if (!last) builder.plain("relu");
    inputs = widths[i];
  }
}

void mlp(Builder& builder, config::Reader& section, const std::vector<std::int64_t>& shape,
         std::int64_t outputs) {
  const nn::MlpSpec spec = nn::read_mlp(section);
  std::vector<std::int64_t> widths = spec.hidden;
  widths.push_back(outputs);
  builder.plain("flatten");
  dense_layers(builder, shape.at(0) * shape.at(1) * shape.at(2), widths, spec.output_norm, 0);
}

void vgg(Builder& builder, config::Reader& section, const std::vector<std::int64_t>& shape,
         std::int64_t outputs) {
  const nn::VggSpec spec = nn::read_vgg(section);
  std::int64_t channels = shape.at(0), height = shape.at(1), width = shape.at(2);
  int layer = 0;
  for (const std::int64_t wide : {spec.width, 2 * spec.width, 4 * spec.width}) {
    for (const bool pooled : {false, true}) {
      builder.conv(fmt::format("conv{}", ++layer), channels, wide);
      if (pooled) builder.max_pool(2);
      builder.norm(fmt::format("norm{}", layer), wide);
      builder.plain("relu");
      channels = wide;
    }
    height /= 2;
    width /= 2;
  }
  std::vector<std::int64_t> widths = spec.dense;
  widths.push_back(outputs);
  builder.plain("flatten");
  dense_layers(builder, channels * height * width, widths, spec.output_norm, layer);
}

}  // namespace

Network network_of(const Trained& trained, const data::DatasetSpec& dataset) {
  Network network;
  Builder builder(trained, network);
  config::Reader section(trained.config.find("model"), "model");
  const std::string kind = section.word("kind", {});
  std::int64_t outputs = dataset.classes;
  if (kind == "char_lstm") {
    outputs = static_cast<std::int64_t>(trained.vocabulary.size());
    network.input = {{"kind", "characters"}, {"size", outputs}};
    const nn::CharLstmSpec spec = nn::read_char_lstm(section);
    builder.one_hot(outputs);
    builder.lstm("lstm", outputs, spec.units);
    builder.dense("output", spec.units, outputs);
  } else {
    const auto& shape = dataset.shape;
    if (shape.size() != 3) throw Error({.what = "the dataset's pictures have no size"});
    network.input = {
        {"kind", "picture"}, {"channels", shape[0]}, {"height", shape[1]}, {"width", shape[2]}};
    if (kind == "mlp") {
      mlp(builder, section, shape, outputs);
    } else if (kind == "vgg") {
      vgg(builder, section, shape, outputs);
    } else {
      throw Error({.what = "networks of this kind cannot be exported", .found = "'" + kind + "'"});
    }
  }
  builder.finish();
  network.outputs = static_cast<std::size_t>(outputs);
  return network;
}

}  // namespace laq::deploy
