#pragma once

#include <string>
#include <utility>
#include <vector>

namespace laq::quant {

enum class LevelKind { none, binary, ternary, linear, log };

const std::vector<std::pair<std::string, LevelKind>>& level_kind_names();

/// The allowed magnitudes of a quantized weight before scaling: 0 (except binary) and q_1 < … < q_k
/// = 1. Code j in −k … k stands for sign(j)·q_|j| (PAPER.md, section 2, "Codes").
class LevelSet {
 public:
  /// binary {1}; ternary {0, 1}; linear {0, 1/k, …, 1}; log {0, 2^−(k−1), …, ½, 1}, k = 2^(bits−1)
  /// − 1.
  static LevelSet make(LevelKind kind, int bits);

  bool has_zero() const { return has_zero_; }
  int k() const { return static_cast<int>(levels_.size()) - 1; }
  /// q_|code| with the sign of the code.
  double level(int code) const;
  /// q_0 = 0, q_1, …, q_k in units of `unit()`, chosen so that each is exact in float.
  const std::vector<float>& steps() const { return steps_; }
  double unit() const { return unit_; }
  /// Midpoint between q_{j−1} and q_j, j = 1 … k; a magnitude above it gets code j or more. Binary:
  /// 0 only, never used.
  const std::vector<double>& midpoints() const { return midpoints_; }
  /// When no weight uses the top level, the same ŵ arises with a smaller scale (true for log
  /// levels).
  bool top_level_is_used() const { return top_level_is_used_; }

 private:
  std::vector<double> levels_, midpoints_;
  std::vector<float> steps_;
  double unit_ = 1;
  bool has_zero_ = true;
  bool top_level_is_used_ = false;
};

}  // namespace laq::quant
