#pragma once

#include <cstddef>
#include <iterator>

#include "quant/sums.hpp"

// The vectorised part of `ScaleWindow`: one look at weights that are in cache. u = a / α is a
// magnitude in units of its side's previous scale α.

namespace laq::quant {

/// Most nonzero levels of a set that a window is made for (4 bits).
inline constexpr int kMostWindowLevels = 7;
/// Numbers of scales x, relative to the previous one, at which H(x) = Σ d max(0, 2u − x) may be
/// summed: see bound_scales.hpp. Beyond the last of them gains are bounded by Σ d m max(0, 2u − m),
/// m = max(u, x).
inline constexpr int kPlaceCounts[] = {5, 7, 9, 11};
inline constexpr int kMostPlaces = *std::rbegin(kPlaceCounts);

/// Where to look: window j is low[j−1] < u ≤ high[j−1], around the threshold between levels j − 1
/// and j.
struct WindowEdges {
  int levels = 1;           ///< k: 1, 3 or 7
  bool by_sign = false;     ///< sums of w > 0 and w < 0 apart
  float per_scale[2] = {};  ///< 1/α for w ≥ 0 and w < 0; 0: no window on that side
  float low[kMostWindowLevels] = {}, high[kMostWindowLevels] = {};
  float step[kMostWindowLevels] = {};  ///< q_1 … q_k in units that are exact in float
  int place_count = 0;                 ///< of the bounds (k = 1 only): 0 or one of kPlaceCounts
  float places[kMostPlaces] = {};      ///< ascending from 0
};

/// By sign, or all in [0].
struct WindowSums {
  LevelSums above[2];                      ///< of the codes that high[] gives, in units of step
  double bounds[2][kMostPlaces + 1] = {};  ///< at each place, then beyond the last
  WindowSums& operator+=(const WindowSums& other);
};

/// Adds n ≤ kCacheBlock weights to the sums and sets near[i] to the number of the window that
/// weight i is in, 0 for none. What is not finite shows in the sums.
void look(const WindowEdges& edges, const float* w, const float* d, std::size_t n,
          unsigned char* near, WindowSums& sums);

}  // namespace laq::quant
