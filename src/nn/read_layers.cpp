#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/text.hpp"
#include "nn/layer_list.hpp"

namespace laq::nn {
namespace {

using config::Reader;
constexpr auto kOmit = config::Canonical::omit_default;
constexpr std::int64_t kMostUnits = 1 << 20, kMostRepeats = 1000;
constexpr std::size_t kMostLayers = 10'000;
constexpr const char* kOutputs = "outputs";

// What the readers of layers share.
struct Context {
  double width_factor = 1;
};

using ReadLayer = void (*)(Reader&, LayerSpec&, const Context&);

struct Kind {
  const char* word;
  LayerKind kind;
  const char* main;  // the key that a bare value is of; null: it has none
  ReadLayer read;
};

void read_width(Reader& keys, const char* key, LayerSpec& layer, const Context& context) {
  const config::Tree* found = keys.raw(key);
  if (found && found->scalar() && *found->scalar() == kOutputs) {
    keys.note(key, kOutputs);
    return;
  }
  const double width = static_cast<double>(keys.integer(key, {}, {1, kMostUnits}));
  const auto groups = static_cast<double>(layer.groups);
  layer.width =
      context.width_factor == 1
          ? static_cast<std::int64_t>(width)
          : static_cast<std::int64_t>(
                groups * std::max(1.0, std::round(width * context.width_factor / groups)));
}

void read_weights(Reader& keys, LayerSpec& layer) {
  layer.quantize = keys.flag("quantize", true, kOmit);
  layer.scales = keys.choice<Scales>(
      "group", Scales::by_method,
      {{"quantizer", Scales::by_method}, {"tensor", Scales::of_tensor}, {"row", Scales::of_row}},
      kOmit);
}

void read_dense(Reader& keys, LayerSpec& layer, const Context& context) {
  read_width(keys, "units", layer, context);
  layer.bias = keys.flag("bias", true, kOmit);
  read_weights(keys, layer);
}

void read_conv(Reader& keys, LayerSpec& layer, const Context& context) {
  layer.groups = keys.integer("groups", 1, {1, kMostUnits}, kOmit);
  read_width(keys, "channels", layer, context);
  layer.kernel = keys.integer("kernel", 3, {1, 1024});
  layer.stride = keys.integer("stride", 1, {1, 1024}, kOmit);
  layer.padding = keys.integer("padding", 0, {0, 1024}, kOmit);
  layer.bias = keys.flag("bias", true, kOmit);
  read_weights(keys, layer);
}

void read_max_pool(Reader& keys, LayerSpec& layer, const Context&) {
  layer.kernel = keys.integer("size", {}, {1, 1024});
  layer.stride = keys.integer("stride", layer.kernel, {1, 1024}, kOmit);
}

void read_average_pool(Reader& keys, LayerSpec& layer, const Context& context) {
  const config::Tree* found = keys.raw("size");
  if (found && found->scalar() && *found->scalar() == "all") {
    layer.kernel = 0;
    keys.note("size", "all");
    return;
  }
  read_max_pool(keys, layer, context);
}

void read_batch_norm(Reader& keys, LayerSpec& layer, const Context&) {
  layer.epsilon = keys.real("epsilon", kBatchNormEpsilon, {1e-12, 1}, kOmit);
  layer.momentum = keys.real("momentum", 0.1, {0, 1}, kOmit);
}

void read_layer_norm(Reader& keys, LayerSpec& layer, const Context&) {
  layer.epsilon = keys.real("epsilon", 1e-5, {1e-12, 1}, kOmit);
}

void read_dropout(Reader& keys, LayerSpec& layer, const Context&) {
  layer.rate = keys.real("rate", {}, {0, 0.999});
}

void read_embedding(Reader& keys, LayerSpec& layer, const Context& context) {
  read_width(keys, "units", layer, context);
  read_weights(keys, layer);
}

void read_recurrent(Reader& keys, LayerSpec& layer, const Context& context) {
  read_width(keys, "units", layer, context);
  layer.normalised = keys.choice<bool>("norm", false, {{"none", false}, {"layer", true}}, kOmit);
  read_weights(keys, layer);
}

void read_nothing(Reader&, LayerSpec&, const Context&) {}

LayerList read_list(Reader& keys, const Context& context);

void read_residual(Reader& keys, LayerSpec& layer, const Context& context) {
  layer.projection =
      keys.choice<bool>("shortcut", false, {{"identity", false}, {"conv", true}}, kOmit);
  for (const char* key : {"quantize", "group"}) {
    if (!layer.projection && keys.has(key)) {
      keys.refuse(key, "is of the shortcut's convolution, and there is none",
                  "set it at the layers within, or shortcut: conv");
    }
  }
  read_weights(keys, layer);  // of the shortcut's convolution
  layer.layers = read_list(keys, context);
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"dense", LayerKind::dense, "units", read_dense},
      {"conv", LayerKind::conv, "channels", read_conv},
      {"max_pool", LayerKind::max_pool, "size", read_max_pool},
      {"average_pool", LayerKind::average_pool, "size", read_average_pool},
      {"batch_norm", LayerKind::batch_norm, nullptr, read_batch_norm},
      {"layer_norm", LayerKind::layer_norm, nullptr, read_layer_norm},
      {"relu", LayerKind::relu, nullptr, read_nothing},
      {"tanh", LayerKind::tanh, nullptr, read_nothing},
      {"hardtanh", LayerKind::hardtanh, nullptr, read_nothing},
      {"dropout", LayerKind::dropout, "rate", read_dropout},
      {"flatten", LayerKind::flatten, nullptr, read_nothing},
      {"residual", LayerKind::residual, "layers", read_residual},
      {"embedding", LayerKind::embedding, "units", read_embedding},
      {"one_hot", LayerKind::one_hot, nullptr, read_nothing},
      {"lstm", LayerKind::lstm, "units", read_recurrent},
      {"gru", LayerKind::gru, "units", read_recurrent}};
  return all;
}

// A layer as it is written, taken apart.
struct Written {
  std::string word;
  config::Tree keys;
};

Written take_apart(const config::Tree& item, const std::string& path) {
  if (item.scalar()) return {*item.scalar(), {{}, item.place}};
  if (item.map() && item.map()->size() == 1) {
    const auto& [word, keys] = *item.map()->begin();
    return {word, keys};
  }
  throw usage_error({.what = fmt::format("'{}' is not a layer", path),
                     .where = item.place,
                     .found = item.description(),
                     .expected = "a word such as relu, or one word with its keys such as conv: "
                                 "{channels: 16}"});
}

const Kind& kind_of(const std::string& word, const std::string& path, const config::Tree& item) {
  std::vector<std::string> known{"repeat"};
  for (const Kind& kind : kinds()) {
    if (word == kind.word) return kind;
    known.push_back(kind.word);
  }
  throw usage_error({.what = fmt::format("unknown layer '{}' in '{}'", word, path),
                     .where = item.place,
                     .advice = suggestion(word, known)});
}

// `dense: 120` is `dense: {units: 120}`.
void spell_out(config::Tree& keys, const Kind& kind, const std::string& path) {
  if (keys.empty() || keys.map()) return;
  if (!kind.main || (keys.list() && kind.kind != LayerKind::residual)) {
    throw usage_error({.what = fmt::format("wrong value of '{}.{}'", path, kind.word),
                       .where = keys.place,
                       .found = keys.description(),
                       .expected = kind.main ? "a value or keys" : "keys below it, or nothing"});
  }
  config::Tree value = keys;
  keys.value = config::Tree::Map{{kind.main, std::move(value)}};
}

// Its canonical form: the word alone where it has no keys.
nlohmann::json canonical_of(const std::string& word, const Reader& keys) {
  nlohmann::json below = keys.canonical();
  if (below.empty()) return word;
  return nlohmann::json{{word, std::move(below)}};
}

LayerList read_repeat(Reader& keys, const Context& context) {
  const std::int64_t times = keys.integer("times", {}, {0, kMostRepeats});
  const LayerList once = read_list(keys, context);
  LayerList all;
  for (std::int64_t i = 0; i < times; ++i) {
    all.insert(all.end(), once.begin(), once.end());
    if (all.size() > kMostLayers) keys.refuse("times", "makes too many layers");
  }
  return all;
}

LayerList read_list(Reader& section, const Context& context) {
  const config::Tree* found = section.raw("layers");
  const std::string all = section.full("layers");
  if (!found || !found->list()) {
    throw usage_error({.what = fmt::format("'{}' is not a list of layers", all),
                       .where = found ? found->place : "",
                       .found = found ? found->description() : "",
                       .expected = "a list such as [flatten, dense: 100, relu, dense: outputs]"});
  }
  LayerList list;
  nlohmann::json canonical = nlohmann::json::array();
  std::vector<config::KeyFacts> facts;
  for (std::size_t i = 0; i < found->list()->size(); ++i) {
    const config::Tree& item = (*found->list())[i];
    const std::string path = fmt::format("{}[{}]", all, i);
    Written written = take_apart(item, path);
    const Kind* kind = written.word == "repeat" ? nullptr : &kind_of(written.word, path, item);
    if (kind) spell_out(written.keys, *kind, path);
    Reader keys(&written.keys, path + "." + written.word);
    if (!kind) {
      const LayerList copies = read_repeat(keys, context);
      list.insert(list.end(), copies.begin(), copies.end());
    } else {
      LayerSpec layer{.kind = kind->kind, .path = path, .place = item.place};
      kind->read(keys, layer, context);
      list.push_back(std::move(layer));
    }
    keys.finish();
    canonical.push_back(canonical_of(written.word, keys));
    for (auto& fact : keys.keys()) facts.push_back(std::move(fact));
  }
  section.note("layers", std::move(canonical), std::move(facts));
  return list;
}

}  // namespace

const char* word_of(LayerKind kind) {
  for (const Kind& one : kinds()) {
    if (one.kind == kind) return one.word;
  }
  return "layer";
}

LayerList read_layers(config::Reader& section) {
  return read_list(section, {.width_factor = section.real("width_factor", 1, {1e-3, 1e3}, kOmit)});
}

}  // namespace laq::nn
