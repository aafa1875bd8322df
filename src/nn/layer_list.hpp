#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/model.hpp"

namespace laq::nn {

enum class LayerKind {
  dense,
  conv,
  max_pool,
  average_pool,
  batch_norm,
  layer_norm,
  relu,
  tanh,
  hardtanh,
  dropout,
  flatten,
  residual,
  embedding,
  one_hot,
  lstm,
  gru
};

inline constexpr double kBatchNormEpsilon = 1e-4;  // docs/mathematics.md

/// One layer of a network as it is written; what a kind has no use for is as it is here.
struct LayerSpec {
  LayerKind kind = LayerKind::flatten;
  std::string path = {};    ///< "model.layers[3]", for messages
  std::string place = {};   ///< "my.yaml:7"
  std::int64_t width = 0;   ///< units or channels; 0: the network's outputs
  std::int64_t kernel = 1;  ///< side of a window; of average_pool 0: the whole picture
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< zeros around the picture, on each side
  std::int64_t groups = 1;   ///< of channels that are convolved apart
  bool bias = true;
  bool quantize = true;  ///< false: its weights stay in full precision
  Scales scales = Scales::by_method;
  double rate = 0;          ///< of dropout: the share of values that become 0
  double epsilon = 1e-5;    ///< added to variances
  double momentum = 0.1;    ///< of batch norm: weight of a batch in the running averages
  bool normalised = false;  ///< lstm, gru: layer normalisation of the gates' products
  bool projection = false;  ///< residual: the shortcut is a 1 × 1 convolution and batch norm
  std::vector<LayerSpec> layers = {};  ///< of a residual block
};

using LayerList = std::vector<LayerSpec>;

/// The word for a kind in YAML.
const char* word_of(LayerKind kind);

/// Reads `layers:`, a list of layers, each a word ("relu"), a word with its main value ("dense:
/// 120", "dropout: 0.5") or a word with keys ("conv: {channels: 16, kernel: 3}"). `repeat: {times,
/// layers}` stands for that many copies. `width_factor` multiplies all widths but the outputs'.
/// Errors (usage): an unknown layer (with the nearest word), missing, unknown or wrong keys.
LayerList read_layers(config::Reader& section);

/// What passes from layer to layer.
struct Values {
  enum class Form { characters, sequence, plain };  ///< steps × batch; + features; batch × sizes
  Form form = Form::plain;
  std::vector<std::int64_t> sizes;  ///< of one sample, or of one step of it

  std::int64_t count() const;
  /// "3 x 32 x 32", "120", "characters".
  std::string text() const;
  bool operator==(const Values&) const = default;
};

/// A layer with its name and what goes in and comes out.
struct PlannedLayer {
  LayerSpec spec;
  std::string name;  ///< "conv1"; "" of layers without parameters or state
  Values in, out;
  bool in_place = false;               ///< it may overwrite its input
  std::vector<PlannedLayer> layers;    ///< of a residual block
  std::vector<PlannedLayer> shortcut;  ///< likewise; empty: the identity

  /// Of weights: units (times the window) that feed one unit and that one feeds.
  std::int64_t fan_in() const;
  std::int64_t fan_out() const;
};

/// Works out all shapes, and names the layers: dense1, dense2, …; conv1, …; norm1, … in the order
/// of the list. Errors (usage), each with the layer, what was found and what is needed: a layer
/// that does not fit the one before, a residual sum of different shapes, other outputs than the
/// data's.
std::vector<PlannedLayer> plan_layers(const LayerList& list, const Shape& shape);

/// Of the planned layers together.
Size size(const std::vector<PlannedLayer>& layers);

}  // namespace laq::nn
