#pragma once

#include <cstddef>
#include <cstdint>

#include "core/device.hpp"
#include "kernels/adam.hpp"
#include "quant/levels.hpp"

// What the kernels work on. All pointers are to memory of the device that they run on.

namespace laq::kernels {

/// Weights of one group that one block handles at a time.
inline constexpr int kTile = 4096;
/// The most thresholds of a sign that a window is kept for.
inline constexpr int kMostWindows = 7;
/// Where the exact solver's bound is summed, besides both ends of its window.
inline constexpr int kPlacesBelow = 7, kPlacesAbove = 8, kPlaces = kPlacesBelow + kPlacesAbove;
/// The most weights near a threshold that a tile may have.
inline constexpr int kNearOfTile = 384;
/// The most weights near a threshold that one block looks at.
inline constexpr int kMostNear = 14336;
/// Numbers in `Layer::kept` of a group.
inline constexpr int kKept = 2;
/// Groups up to this size are fitted by one block that looks at all their weights.
inline constexpr std::int64_t kSmallGroup = 16384;
/// … which holds them in its own memory up to this.
inline constexpr std::int64_t kHeldGroup = 4096;

/// A weight near a threshold, and its curvature.
struct alignas(8) Near {
  float w, d;
};

/// Weights near a threshold, as many as one block looks at, and their places in some order.
struct NearRoom {
  Near weights[kMostNear];
  std::uint16_t order[kMostNear];
};

/// Codebooks, one for each group, side by side: `quant::Codebook` in device memory. L levels.
struct Books {
  int levels = 0, scale_count = 0;
  float* thresholds = nullptr;     ///< groups × (L − 1)
  float* values = nullptr;         ///< groups × L, as ŵ holds them
  double* exact_values = nullptr;  ///< groups × L
  double* scales = nullptr;        ///< groups × scale_count
  std::int64_t* rounds = nullptr;  ///< groups
  // Of methods that are relaxed for a while: groups × pieces (knots: one less).
  int pieces = 0;
  float* knots = nullptr;
  double* offsets = nullptr;
  double* slopes = nullptr;
  std::int32_t* piece_count = nullptr;  ///< groups; 0: ŵ has the levels alone
};

/// Bytes of one codebook in the making.
inline std::size_t book_bytes(const Books& of) {
  const int doubles = of.levels + of.scale_count + 2 * of.pieces;
  return static_cast<std::size_t>(doubles) * sizeof(double) +
         static_cast<std::size_t>(of.levels + of.pieces) * sizeof(float);
}

/// One parameter and the optimizer's state of it.
struct Layer {
  std::int64_t size = 0;  ///< weights of a group
  std::int32_t groups = 1;
  bool quantized = false;
  float* latent = nullptr;            ///< w; of what is not quantized the model's own values
  float* first = nullptr;             ///< m
  float* second = nullptr;            ///< v
  float* quantized_values = nullptr;  ///< ŵ, in the model
  // Quantized layers only.
  Books books;
  double* scale_first = nullptr;  ///< moments of learned scales, groups × scales; null: none
  double* scale_second = nullptr;
  double* kept = nullptr;  ///< groups × kKept, from step to step: the windows' relative width and
                           ///< the largest |w|
  std::int32_t* lost = nullptr;        ///< groups: whether the windows did not hold
  std::int32_t tiles = 0;              ///< of a group
  double* sums = nullptr;              ///< groups × rows × tiles: what the tiles added up
  Near* near = nullptr;                ///< groups × tiles × kNearOfTile
  std::int32_t* near_count = nullptr;  ///< groups × tiles; −1: too many
  // For the report.
  std::uint8_t* level_index = nullptr;  ///< of every weight at the last report
};

/// Weights begin … begin + count − 1 of a group; `index`: its place among the group's tiles.
struct Tile {
  std::int32_t layer, group, index, count;
};

struct GroupPlace {
  std::int32_t layer, group;
};

/// Tile `index` of a group.
LAQ_DEVICE inline Tile tile_of(const Layer& layer, const GroupPlace& at, std::int32_t index) {
  const std::int64_t left = layer.size - std::int64_t{index} * kTile;
  return {at.layer, at.group, index, static_cast<std::int32_t>(left < kTile ? left : kTile)};
}

/// The sums that a step's pass over the weights gathers for the fit.
struct Gather {
  bool magnitudes = false;  ///< of each sign
  bool previous = false;    ///< for ŵ's codes, in units of ŵ
  bool gradient = false;    ///< of the learned scales
  int windows = 0;          ///< k: thresholds of a sign that have a window; 0: none
  bool by_sign = false;     ///< a scale for each sign
  bool bounds = false;      ///< the exact solver's; of ternary levels

  LAQ_DEVICE constexpr int sides() const { return by_sign ? 2 : 1; }
  // Where each begins among a group's rows of sums.
  static constexpr int kMagnitudes = 9, kPrevious = 6, kGradient = 2, kAbove = 3;
  LAQ_DEVICE constexpr int previous_row() const { return magnitudes ? kMagnitudes : 0; }
  LAQ_DEVICE constexpr int gradient_row() const {
    return previous_row() + (previous ? kPrevious : 0);
  }
  LAQ_DEVICE constexpr int above_row() const { return gradient_row() + (gradient ? kGradient : 0); }
  LAQ_DEVICE constexpr int bounds_row() const {
    return above_row() + (windows > 0 ? kAbove * sides() : 0);
  }
  LAQ_DEVICE constexpr int rows() const { return bounds_row() + (bounds ? kPlaces * sides() : 0); }
  static constexpr int kMostRows = kMagnitudes + kPrevious + kGradient + 2 * (kAbove + kPlaces);
  /// Of these rows the first are maxima.
  LAQ_DEVICE constexpr int maxima() const { return magnitudes ? 2 : 0; }
};

/// What one optimizer does with all its weights, whatever the step.
struct Settings {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double clip = 1, clip_gradient = 0;
  double weight_decay = 0;            ///< of all parameters
  double quantized_weight_decay = 0;  ///< of the method, besides
  double scale_rate = 1;
  double momentum = 0.9;
  bool sgd = false;
  bool curvature = false;  ///< the fit reads d
  bool squared_curvature = false;
  bool own_gradient = false;  ///< of the method
  bool learns_scales = false;
  bool replaces_latent = false;
  Gather gather = {};
};

/// What changes from step to step; in the device's memory, so that a captured step counts on.
struct Step {
  double count = 0;            ///< t of the present step, from 1
  double rate = 0;             ///< learning rate
  double done = 0, total = 1;  ///< steps of the training: with the next update, and in all
  double progress = 0;         ///< 0 … 1, with the present one
  bool rests = false;          ///< quantized weights do not move; of methods that are host code
  AdamStep adam[2] = {};       ///< of plain parameters and of quantized ones
};

}  // namespace laq::kernels
