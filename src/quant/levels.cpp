#include "quant/levels.hpp"

#include <cmath>
#include <cstdlib>

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
  const bool many = kind == LevelKind::linear || kind == LevelKind::log;
  const int k = many ? (1 << (bits - 1)) - 1 : 1;
  set.has_zero_ = kind != LevelKind::binary;
  set.top_level_is_used_ = kind != LevelKind::linear || k == 1;
  set.unit_ = kind == LevelKind::linear ? 1.0 / k : 1.0;
  set.steps_.push_back(0);
  for (int j = 1; j <= k; ++j) {
    const double step = kind == LevelKind::linear ? j : std::ldexp(1.0, j - k);
    set.steps_.push_back(static_cast<float>(step));
  }
  for (int j = 0; j <= k; ++j) {
    const double step = set.steps_[static_cast<std::size_t>(j)];
    set.levels_.push_back(kind == LevelKind::linear ? step / k : step);
    if (j > 0) {
      set.midpoints_.push_back((set.levels_[static_cast<std::size_t>(j - 1)] + set.levels_.back()) /
                               2);
    }
  }
  return set;
}

double LevelSet::level(int code) const {
  const double magnitude = levels_[static_cast<std::size_t>(std::abs(code))];
  return code < 0 ? -magnitude : magnitude;
}

}  // namespace laq::quant
