#pragma once

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/device.hpp"

namespace laq::quant {

enum class LevelKind { none, binary, ternary, linear, log };

const std::vector<std::pair<std::string, LevelKind>>& level_kind_names();

/// The allowed magnitudes of a quantized weight before scaling: 0 (except binary) and q_1 < … < q_k
/// = 1. Code j in −k … k stands for sign(j)·q_|j| (docs/mathematics.md).
class LevelSet {
 public:
  /// The most nonzero levels: those of 8 bits.
  static constexpr int kMost = 127;

  /// binary {1}; ternary {0, 1}; linear {0, 1/k, …, 1}; log {0, 2^−(k−1), …, ½, 1}, k = 2^(bits−1)
  /// − 1.
  static LevelSet make(LevelKind kind, int bits);

  LAQ_DEVICE bool has_zero() const { return has_zero_; }
  LAQ_DEVICE int k() const { return k_; }
  /// q_|code| with the sign of the code.
  LAQ_DEVICE double level(int code) const {
    return code < 0 ? -levels_[index(-code)] : levels_[index(code)];
  }
  /// q_0 = 0, q_1, …, q_k in units of `unit()`, chosen so that each is exact in float.
  LAQ_DEVICE std::span<const float> steps() const { return {steps_.data(), index(k_ + 1)}; }
  LAQ_DEVICE double unit() const { return unit_; }
  /// Midpoint between q_{j−1} and q_j, j = 1 … k; a magnitude above it gets code j or more. Binary:
  /// 0 only, never used.
  LAQ_DEVICE double midpoint(int j) const { return (level(j - 1) + level(j)) / 2; }
  /// When no weight uses the top level, the same ŵ arises with a smaller scale (true for log
  /// levels).
  LAQ_DEVICE bool top_level_is_used() const { return top_level_is_used_; }

 private:
  LAQ_DEVICE static std::size_t index(int j) { return static_cast<std::size_t>(j); }

  std::array<double, kMost + 1> levels_ = {};
  std::array<float, kMost + 1> steps_ = {};
  double unit_ = 1;
  int k_ = 1;
  bool has_zero_ = true;
  bool top_level_is_used_ = false;
};

}  // namespace laq::quant
