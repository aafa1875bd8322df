#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "core/error.hpp"
#include "nn/layer_list.hpp"

namespace laq::nn {
namespace {

using Form = Values::Form;

[[noreturn]] void misfit(const LayerSpec& layer, const std::string& found,
                         const std::string& needed, const std::string& advice = "") {
  throw usage_error(
      {.what = fmt::format("layer '{}' ({}) does not fit", layer.path, word_of(layer.kind)),
       .where = layer.place,
       .found = found,
       .expected = needed,
       .advice = advice});
}

// Numbers the layers as it goes through the list.
class Planner {
 public:
  explicit Planner(const Shape& shape) : shape_(shape) {}

  std::vector<PlannedLayer> plan(const LayerList& list, Values& at) {
    std::vector<PlannedLayer> layers;
    std::optional<LayerKind> before;
    for (const LayerSpec& spec : list) {
      PlannedLayer layer{
          .spec = spec, .name = {}, .in = at, .out = at, .layers = {}, .shortcut = {}};
      fit(layer);
      // What these give is read by nobody else, and not needed for their gradients.
      layer.in_place = before == LayerKind::dense || before == LayerKind::conv ||
                       before == LayerKind::batch_norm || before == LayerKind::layer_norm ||
                       before == LayerKind::residual;
      at = layer.out;
      before = spec.kind;
      layers.push_back(std::move(layer));
    }
    return layers;
  }

 private:
  std::string number(const char* word) { return fmt::format("{}{}", word, ++counts_[word]); }

  std::int64_t width(const LayerSpec& spec) const {
    return spec.width > 0 ? spec.width : shape_.outputs;
  }

  void require_picture(const PlannedLayer& layer) const {
    if (layer.in.form != Form::plain || layer.in.sizes.size() != 3)
      misfit(layer.spec, layer.in.text(), "channels x height x width");
  }

  void require_features(const PlannedLayer& layer) const {
    if (layer.in.form == Form::characters)
      misfit(layer.spec, layer.in.text(), "numbers", "put embedding or one_hot before it");
  }

  void require_flat(const PlannedLayer& layer) const {
    require_features(layer);
    if (layer.in.sizes.size() != 1)
      misfit(layer.spec, layer.in.text(), "one size", "put flatten before it");
  }

  // Windows along a picture.
  void slide(PlannedLayer& layer) const {
    const LayerSpec& spec = layer.spec;
    for (std::size_t axis : {1, 2}) {
      const std::int64_t length = layer.in.sizes[axis] + 2 * spec.padding;
      if (length < spec.kernel) {
        misfit(spec, layer.in.text(),
               fmt::format("at least {0} x {0} pixels", spec.kernel - 2 * spec.padding),
               "the pictures are too small for this network");
      }
      layer.out.sizes[axis] = (length - spec.kernel) / spec.stride + 1;
    }
  }

  void fit_conv(PlannedLayer& layer) {
    const LayerSpec& spec = layer.spec;
    require_picture(layer);
    const std::int64_t inputs = layer.in.sizes[0], outputs = width(spec);
    if (inputs % spec.groups != 0 || outputs % spec.groups != 0) {
      misfit(spec, fmt::format("{} channels in, {} out", inputs, outputs),
             fmt::format("multiples of its {} groups", spec.groups));
    }
    slide(layer);
    layer.out.sizes[0] = outputs;
  }

  void fit_residual(PlannedLayer& layer) {
    const LayerSpec& spec = layer.spec;
    require_features(layer);
    Values at = layer.in;
    layer.layers = plan(spec.layers, at);
    layer.out = at;
    if (!spec.projection) {
      if (at == layer.in) return;
      misfit(spec, fmt::format("a sum of {} and {}", at.text(), layer.in.text()),
             "two of the same shape", "let its layers keep the shape, or give it shortcut: conv");
    }
    if (at.form != Form::plain || at.sizes.size() != 3 || layer.in.sizes.size() != 3)
      misfit(spec, at.text(), "channels x height x width, for shortcut: conv");
    // The stride that brings the input to the output's height and width.
    const std::int64_t stride = (layer.in.sizes[1] + at.sizes[1] - 1) / at.sizes[1];
    LayerSpec conv{.kind = LayerKind::conv,
                   .path = spec.path,
                   .place = spec.place,
                   .width = at.sizes[0],
                   .stride = stride,
                   .bias = false,
                   .quantize = spec.quantize,
                   .scales = spec.scales};
    PlannedLayer shortcut{.spec = conv,
                          .name = number("shortcut"),
                          .in = layer.in,
                          .out = layer.in,
                          .layers = {},
                          .shortcut = {}};
    fit_conv(shortcut);
    if (!(shortcut.out == at)) {
      misfit(spec, fmt::format("a sum of {} and {}", at.text(), shortcut.out.text()),
             "two of the same shape",
             fmt::format("the shortcut is a 1 x 1 convolution with stride {}", stride));
    }
    LayerSpec norm = conv;
    norm.kind = LayerKind::batch_norm;
    norm.epsilon = kBatchNormEpsilon;
    layer.shortcut = {
        shortcut,
        {.spec = norm, .name = number("norm"), .in = at, .out = at, .layers = {}, .shortcut = {}}};
  }

  void fit(PlannedLayer& layer) {
    const LayerSpec& spec = layer.spec;
    switch (spec.kind) {
      case LayerKind::dense:
        require_flat(layer);
        layer.name = number("dense");
        layer.out.sizes = {width(spec)};
        return;
      case LayerKind::conv:
        layer.name = number("conv");
        return fit_conv(layer);
      case LayerKind::max_pool:
        require_picture(layer);
        return slide(layer);
      case LayerKind::average_pool:
        require_picture(layer);
        if (spec.kernel > 0) return slide(layer);
        layer.out.sizes = {layer.in.sizes[0], 1, 1};
        return;
      case LayerKind::batch_norm:
        require_features(layer);
        if (layer.in.sizes.size() != 1) require_picture(layer);
        layer.name = number("norm");
        return;
      case LayerKind::layer_norm:
        require_features(layer);
        layer.name = number("layer_norm");
        return;
      case LayerKind::dropout:
        require_features(layer);
        layer.name = number("dropout");
        return;
      case LayerKind::relu:
      case LayerKind::tanh:
      case LayerKind::hardtanh:
        return require_features(layer);
      case LayerKind::flatten:
        require_features(layer);
        layer.out.sizes = {layer.in.count()};
        return;
      case LayerKind::residual:
        return fit_residual(layer);
      case LayerKind::embedding:
      case LayerKind::one_hot:
        if (layer.in.form != Form::characters)
          misfit(spec, layer.in.text(), "characters: it is the first layer for text");
        if (spec.kind == LayerKind::embedding) layer.name = number("embedding");
        layer.out = {Form::sequence,
                     {spec.kind == LayerKind::embedding ? width(spec) : shape_.outputs}};
        return;
      case LayerKind::lstm:
      case LayerKind::gru:
        if (layer.in.form != Form::sequence)
          misfit(spec, layer.in.text(), "a sequence", "put embedding or one_hot before it");
        layer.name = number(word_of(spec.kind));
        layer.out.sizes = {width(spec)};
        return;
    }
  }

  const Shape& shape_;
  std::map<std::string, int> counts_;
};

std::int64_t gates_of(LayerKind kind) {
  return kind == LayerKind::lstm ? 4 : kind == LayerKind::gru ? 3 : 1;
}

}  // namespace

std::int64_t Values::count() const {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

std::string Values::text() const {
  if (form == Form::characters) return "characters";
  const std::string all = fmt::format("{}", fmt::join(sizes, " x "));
  return form == Form::sequence ? "a sequence of " + all : all;
}

std::int64_t PlannedLayer::fan_in() const {
  if (spec.kind == LayerKind::embedding) return 1;  // one row at a time
  const std::int64_t window = spec.kind == LayerKind::conv ? spec.kernel * spec.kernel : 1;
  return in.sizes[0] / spec.groups * window;
}

std::int64_t PlannedLayer::fan_out() const {
  const std::int64_t window = spec.kind == LayerKind::conv ? spec.kernel * spec.kernel : 1;
  return out.sizes[0] / spec.groups * window;
}

std::vector<PlannedLayer> plan_layers(const LayerList& list, const Shape& shape) {
  const bool text = shape.input.empty();
  Values at = text ? Values{Form::characters, {shape.outputs}} : Values{Form::plain, shape.input};
  auto layers = Planner(shape).plan(list, at);
  const Values wanted{text ? Form::sequence : Form::plain, {shape.outputs}};
  if (at == wanted) {
    const Size of_all = size(layers);
    if (of_all.weights > 0 || of_all.multiplications > 0) return layers;
    throw usage_error({.what = "the network has no weights to train",
                       .where = layers.empty() ? "model.layers" : layers.back().spec.place,
                       .expected = "a layer with weights",
                       .advice = "end the list with dense: outputs"});
  }
  const LayerSpec last = layers.empty() ? LayerSpec{.path = "model.layers"} : layers.back().spec;
  throw usage_error(
      {.what = fmt::format("the last layer, '{}', does not give the outputs", last.path),
       .where = last.place,
       .found = at.text(),
       .expected =
           fmt::format("{} (the data's {})", wanted.text(), text ? "vocabulary" : "classes"),
       .advice = "end the list with dense: outputs"});
}

Size size(const std::vector<PlannedLayer>& layers) {
  Size total;
  const auto add = [&](const PlannedLayer& layer, double inputs, double outputs, double positions,
                       double blocks = 1) {
    total.add(inputs, outputs, positions, layer.spec.quantize, layer.spec.scales, blocks);
  };
  for (const PlannedLayer& layer : layers) {
    const auto inputs = static_cast<double>(layer.fan_in());
    const auto outputs = static_cast<double>(layer.out.sizes[0]);
    switch (layer.spec.kind) {
      case LayerKind::dense:
        add(layer, inputs, outputs, 1);
        break;
      case LayerKind::conv:
        add(layer, inputs, outputs, static_cast<double>(layer.out.sizes[1] * layer.out.sizes[2]));
        break;
      case LayerKind::embedding:  // a row is looked up: no multiplication
        add(layer, outputs, static_cast<double>(layer.in.sizes[0]), 0);
        break;
      case LayerKind::lstm:
      case LayerKind::gru: {
        const auto gates = static_cast<double>(gates_of(layer.spec.kind));
        add(layer, static_cast<double>(layer.in.sizes[0]), gates * outputs, 1, gates);
        add(layer, outputs, gates * outputs, 1, gates);
        break;
      }
      case LayerKind::residual:
        for (const auto* part : {&layer.layers, &layer.shortcut}) total += size(*part);
        break;
      default:
        break;
    }
  }
  return total;
}

}  // namespace laq::nn
