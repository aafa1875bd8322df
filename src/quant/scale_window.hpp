#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "quant/group.hpp"
#include "quant/levels.hpp"
#include "quant/sums.hpp"
#include "quant/window_kernel.hpp"

namespace laq::quant {

/// All that is needed to solve equation (1) as long as the scale stays near the previous one: the
/// sums of all weights that are away from every threshold, and the few that are near one. Filled
/// block by block by a loop that has the weights in cache anyway. In training a scale moves by some
/// 0.03 % a step.
class ScaleWindow {
 public:
  /// Largest relative distance from the previous scale. The exact solver needs the wider one, for
  /// its bounds to rule out the rest.
  static constexpr double kExactWidth = 1 / 64.0, kAlternatingWidth = 1 / 512.0;

  /// Whether a window can be made: there is a previous scale, and the level set is small enough.
  static bool possible(const Group& group, const LevelSet& levels) {
    return !group.scales.empty() && possible(levels);
  }
  /// The latter alone.
  static bool possible(const LevelSet& levels) {
    const int k = levels.k();
    return levels.has_zero() && (k == 1 || k == 3 || k == 7);
  }

  /// `by_sign`: a scale for each sign; `exact`: `optimum` will be asked for (ternary levels only).
  ScaleWindow(const Group& group, const LevelSet& levels, bool by_sign, bool exact);

  /// Adds weights begin … begin + count − 1, a block of `for_cache_blocks`; `curvature` is theirs.
  void add(std::size_t begin, std::size_t count, const float* curvature);
  /// To be called when all weights were added.
  void close();

  /// Not finite when a weight or its curvature is not.
  double checksum() const;

  /// The sums of the nearest levels to a/α, by the thresholds of α; nothing when α is outside of
  /// the window or the side has none. O(weights near a threshold).
  std::optional<LevelSums> sums(Side side, std::span<const float> thresholds, double alpha) const;

  /// The scale at the global minimum on a side, the smallest of equals; nothing when it may be
  /// outside of the window.
  std::optional<double> optimum(Side side) const;

 private:
  struct Near {
    float a, d;
    int window;
  };
  struct Part {
    WindowSums sums;
    std::vector<Near> near[2];
  };
  static std::size_t index(Side side) { return side == Side::negative ? 1 : 0; }

  const float* latent_;
  const LevelSet& levels_;
  double width_;
  WindowEdges edges_;
  double scale_[2] = {0, 0};
  std::vector<Part> parts_;  // by chunk
  Part total_;
};

}  // namespace laq::quant
