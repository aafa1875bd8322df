#include "quant/levels.hpp"

#include <cmath>

namespace laq::quant {

const std::vector<std::pair<std::string, LevelKind>>& level_kind_names() {
  static const std::vector<std::pair<std::string, LevelKind>> names = {
      {"none", LevelKind::none},
      {"binary", LevelKind::binary},
      {"ternary", LevelKind::ternary},
      {"linear", LevelKind::linear},
      {"log", LevelKind::log}};
  return names;
}

LevelSet LevelSet::make(LevelKind kind, int bits) {
  LevelSet set;
  const bool linear = kind == LevelKind::linear;
  const int k = linear || kind == LevelKind::log ? (1 << (bits - 1)) - 1 : 1;
  set.k_ = k;
  set.has_zero_ = kind != LevelKind::binary;
  set.top_level_is_used_ = !linear || k == 1;
  set.unit_ = linear ? 1.0 / k : 1.0;
  for (int j = 1; j <= k; ++j) {
    const double step = linear ? j : std::ldexp(1.0, j - k);
    set.steps_[index(j)] = static_cast<float>(step);
    set.levels_[index(j)] = linear ? step / k : step;
  }
  return set;
}

}  // namespace laq::quant
