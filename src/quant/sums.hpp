#pragma once

#include <span>
#include <utility>
#include <vector>

#include "quant/codebook.hpp"
#include "quant/group.hpp"
#include "quant/levels.hpp"

// One streaming pass over a group's weights each: O(n), parallel over chunks, sums in double
// precision. a_i is the magnitude of w_i on a side: |w_i|, max(w_i, 0) or max(−w_i, 0).

namespace laq::quant {

/// Which weights a scale covers. The magnitude of a weight that is not covered counts as 0.
enum class Side { both, positive, negative };

/// Sums over the magnitudes of one side.
struct MagnitudeSums {
  double a = 0;       ///< Σ a
  double d = 0;       ///< Σ d over a > 0
  double da = 0;      ///< Σ d a
  float max = 0;      ///< largest a
  double zero_d = 0;  ///< Σ d over w = 0
  LAQ_DEVICE MagnitudeSums& operator+=(const MagnitudeSums& other) {
    a += other.a;
    d += other.d;
    da += other.da;
    max = max < other.max ? other.max : max;
    zero_d += other.zero_d;
    return *this;
  }
};
MagnitudeSums magnitude_sums(const Group& group, Side side);

/// The sums that give the optimal scale of fixed codes, α = dqw / dqq, and its gain dqw² / dqq:
/// equation (1) is Σ d w² minus the gain. q is in units of the level set's `unit()`.
struct LevelSums {
  double dqw = 0;  ///< Σ d q w
  double dqq = 0;  ///< Σ d q²
  double dq = 0;   ///< Σ d q, of whole passes only
  LAQ_DEVICE LevelSums& operator+=(const LevelSums& other) {
    dqw += other.dqw;
    dqq += other.dqq;
    dq += other.dq;
    return *this;
  }
  LAQ_DEVICE double scale(double unit = 1) const {
    return dqq > 0 ? dqw * unit / (dqq * (unit * unit)) : 0;
  }
  /// What the codes at their optimal scale take off equation (1).
  LAQ_DEVICE double gain() const { return dqq > 0 ? dqw * dqw / dqq : 0; }
  /// Σ d q w / Σ d q.
  LAQ_DEVICE double mean() const { return dq > 0 ? dqw / dq : 0; }
};

/// For the codes that `thresholds[j−1] < a` gives (j = 1 … k), q = steps[j].
LevelSums level_sums(const Group& group, Side side, std::span<const float> steps,
                     std::span<const float> thresholds);

/// Level sums of the weights whose previous ŵ is > 0, and of the others; or of all, in [0].
struct BySign {
  LevelSums sums[2];
  LAQ_DEVICE BySign& operator+=(const BySign& other) {
    for (int s = 0; s < 2; ++s) sums[s] += other.sums[s];
    return *this;
  }
  LAQ_DEVICE LevelSums of(Side side) const {
    LevelSums all = sums[side == Side::negative ? 1 : 0];
    if (side == Side::both) all += sums[1];
    return all;
  }
};

/// For the codes of the previous ŵ, by its sign or not, in units of ŵ: the optimal factor on ŵ.
BySign previous_sums(const Group& group, bool by_sign);

/// With q = 1 where the previous ŵ is not 0.
LevelSums used_sums(const Group& group);

/// The same sums over weights begin … begin + count − 1 only (at most a chunk), serially;
/// `curvature` is of these weights.
MagnitudeSums magnitude_part(const Group& group, Side side, std::size_t begin, std::size_t count,
                             const float* curvature);
void add_previous(const Group& group, bool by_sign, std::size_t begin, std::size_t count,
                  const float* curvature, BySign& sums);

/// The weights whose magnitude on a side is in one of these ranges [low, high], which ascend and do
/// not overlap; sorted by magnitude.
struct Weighted {
  float a;  ///< magnitude
  float d;  ///< curvature
};
std::vector<Weighted> weights_within(const Group& group, Side side,
                                     std::span<const std::pair<float, float>> ranges);

/// α·t_j rounded down to float, so that comparing float magnitudes with them is exact.
std::vector<float> scaled_thresholds(const LevelSet& levels, double alpha);
/// The same into an array of k.
LAQ_DEVICE inline void scaled_thresholds(const LevelSet& levels, double alpha, float* to) {
  for (int j = 1; j <= levels.k(); ++j) to[j - 1] = floor_to_float(alpha * levels.midpoint(j));
}

/// Uniform curvature for chunks of groups that have none: kChunk ones.
const float* unit_curvature();
/// The curvature of the weights from `begin` on: kChunk of them, or to the group's end.
const float* curvature_at(const Group& group, std::size_t begin);

}  // namespace laq::quant
