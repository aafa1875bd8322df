#pragma once

#include "quant/alternating.hpp"
#include "quant/group_sums.hpp"

// The solvers' scales of one side of a group.

namespace laq::test {

inline quant::Alternation alternating_scale(const quant::Group& group, quant::Side side,
                                            const quant::LevelSet& levels) {
  quant::GroupSums sums(group, {.curvature = true});
  return quant::alternating_scale(sums, side, levels);
}

inline double exact_scale(const quant::Group& group, quant::Side side,
                          const quant::LevelSet& levels) {
  return quant::GroupSums(group, {.curvature = true}).optimum(side, levels);
}

}  // namespace laq::test
