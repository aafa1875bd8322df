#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "core/device.hpp"
#include "quant/device_fit.hpp"

namespace laq::test {

/// A group's sums by plain loops, without containers, for host and device. Slow: for small groups.
struct PlainSums {
  const float *latent, *curvature, *before;  ///< w, d, the previous ŵ
  std::size_t count;                         ///< n
  double scales[3];                          ///< of the previous iteration; 0: there was none
  double progress = 0;                       ///< of the training

  LAQ_DEVICE double known_scale(int i) const { return scales[i]; }
  LAQ_DEVICE double scale(quant::Side side) const {
    return scales[side == quant::Side::negative ? 1 : 0];
  }
  LAQ_DEVICE bool has_previous() const { return scales[0] > 0 || scales[1] > 0; }

  LAQ_DEVICE quant::MagnitudeSums magnitudes(quant::Side side) const {
    quant::MagnitudeSums sums;
    for (std::size_t i = 0; i < count; ++i) {
      const double a = magnitude(side, i), d = weight(i);
      sums += {a, a > 0 ? d : 0, d * a, static_cast<float>(a), latent[i] == 0 ? d : 0};
    }
    return sums;
  }

  LAQ_DEVICE quant::LevelSums levels(quant::Side side, std::span<const float> steps,
                                     std::span<const float> thresholds) const {
    quant::LevelSums sums;
    for (std::size_t i = 0; i < count; ++i) {
      const double a = magnitude(side, i);
      double q = 0;
      for (std::size_t j = 0; j < thresholds.size(); ++j) {
        if (a > static_cast<double>(thresholds[j])) q = static_cast<double>(steps[j + 1]);
      }
      sums += {weight(i) * q * a, weight(i) * q * q, weight(i) * q};
    }
    return sums;
  }

  LAQ_DEVICE quant::LevelSums nearest(quant::Side side, const quant::LevelSet& set,
                                      double alpha) const {
    float thresholds[quant::LevelSet::kMost];
    for (int j = 1; j <= set.k(); ++j)
      thresholds[j - 1] = quant::floor_to_float(alpha * set.midpoint(j));
    return levels(side, set.steps(), {thresholds, static_cast<std::size_t>(set.k())});
  }

  LAQ_DEVICE quant::BySign previous(bool by_sign) const {
    quant::BySign sums;
    for (std::size_t i = 0; i < count; ++i) {
      const double q = static_cast<double>(before[i]), w = static_cast<double>(latent[i]);
      sums.sums[by_sign && !(q > 0) ? 1 : 0] += {weight(i) * q * w, weight(i) * q * q};
    }
    return sums;
  }

  LAQ_DEVICE quant::LevelSums used() const {
    quant::LevelSums sums;
    for (std::size_t i = 0; i < count; ++i) {
      const double d = before[i] != 0 ? weight(i) : 0;
      sums += {d * std::abs(static_cast<double>(latent[i])), d, d};
    }
    return sums;
  }

  /// Tries the scale of every set of codes that some scale gives. O(k² n²).
  LAQ_DEVICE double optimum(quant::Side side, const quant::LevelSet& set) const {
    double best = 0, scale = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (int j = 1; j <= set.k(); ++j) {
        const double alpha = magnitude(side, i) / set.midpoint(j) * (1 - 1e-12);
        if (!(alpha > 0)) continue;
        const quant::LevelSums sums = nearest(side, set, alpha);
        const double gain = sums.dqq > 0 ? sums.dqw * sums.dqw / sums.dqq : 0;
        const double at = sums.scale(set.unit());
        const bool equal = std::abs(gain - best) <= 1e-14 * best;
        if (equal ? at < scale : gain > best) scale = at;
        if (gain > best) best = gain;
      }
    }
    return scale;
  }

 private:
  LAQ_DEVICE double magnitude(quant::Side side, std::size_t i) const {
    const double w = static_cast<double>(latent[i]);
    if (side == quant::Side::both) return std::abs(w);
    return fmax(0.0, side == quant::Side::positive ? w : -w);
  }
  LAQ_DEVICE double weight(std::size_t i) const {
    return curvature ? static_cast<double>(curvature[i]) : 1.0;
  }
};

/// A codebook of fixed size.
struct PlainBook {
  static constexpr int kMost = 256;
  float thresholds[kMost];
  double values[kMost], scales[3];
  int codes[kMost];
  float knots[kMost];
  double offsets[kMost], slopes[kMost];
  int threshold_count = 0, level_count = 0, scale_count = 0, knot_count = 0, piece_count = 0;
  int rounds = 0;
  bool converged = true;

  LAQ_DEVICE void add_threshold(float threshold) { thresholds[threshold_count++] = threshold; }
  LAQ_DEVICE void add_level(int code, double value) {
    codes[level_count] = code;
    values[level_count++] = value;
  }
  LAQ_DEVICE void add_scale(double scale) { scales[scale_count++] = scale; }
  LAQ_DEVICE void add_knot(float knot) { knots[knot_count++] = knot; }
  LAQ_DEVICE void add_piece(double offset, double slope) {
    offsets[piece_count] = offset;
    slopes[piece_count++] = slope;
  }
};

}  // namespace laq::test
