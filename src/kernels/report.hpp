#pragma once

#include <cmath>
#include <cstdint>

#include "core/device.hpp"

namespace laq::kernels {

/// ŵ holds exactly the quantizer's values, so its level is found without the latent weight; of a
/// relaxed ŵ it is the nearest.
LAQ_DEVICE inline int level_of(float quantized, const float* values, int levels, bool relaxes) {
  int level = 0;
  if (!relaxes) {
    while (level + 1 < levels && values[level] != quantized) ++level;
    return level;
  }
  while (level + 1 < levels &&
         fabsf(values[level + 1] - quantized) <= fabsf(values[level] - quantized))
    ++level;
  return level;
}

/// Of equal bins over [−largest, largest] that of a value.
LAQ_DEVICE inline int bin_of(float value, double largest, int bins) {
  const double half = bins / 2.0, scale = largest > 0 ? bins / (2 * largest) : 0;
  const double at = static_cast<double>(value) * scale + half;
  // The upper end belongs to the last bin.
  return at > 0 ? (at < bins - 1 ? static_cast<int>(at) : bins - 1) : 0;
}

/// What a report asks of a tile; the counts are of whole numbers, so that their order is free.
struct ReportLayout {
  int levels = 0, bins = 0;

  LAQ_DEVICE int at_level(int level) const { return level; }
  LAQ_DEVICE int zeros() const { return levels; }
  LAQ_DEVICE int flips() const { return levels + 1; }
  LAQ_DEVICE int in_bin(int bin) const { return levels + 2 + bin; }
  LAQ_DEVICE int counts() const { return levels + 2 + bins; }
  static constexpr int kSums = 3;  ///< equation (1) at w, ŵ; ‖ŵ − its nearest level‖² and ‖ŵ‖²
};

/// One layer's report.
struct ReportRequest {
  std::int32_t layer = 0;
  std::int64_t first_tile = 0;
  ReportLayout layout;
  int zero_level = 0;              ///< of a ŵ of 0
  bool relaxes = false;            ///< ŵ need not be a level
  const float* largest = nullptr;  ///< max|w|
  std::int32_t* counts = nullptr;  ///< tiles × layout.counts()
  double* sums = nullptr;          ///< tiles × ReportLayout::kSums
};

}  // namespace laq::kernels
