#pragma once

#include "quant/alternating.hpp"
#include "quant/exact.hpp"

// The solvers' scales of one side of a group.

namespace laq::test {

inline quant::Alternation alternating_scale(const quant::Group& group, quant::Side side,
                                            const quant::LevelSet& levels) {
  quant::GroupSums sums(group, {.curvature = true});
  return quant::alternating_scale(sums, side, levels);
}

inline double exact_scale(const quant::Group& group, quant::Side side,
                          const quant::LevelSet& levels) {
  quant::GroupSums sums(group, {.curvature = true});
  const float largest = quant::magnitude_sums(group, quant::Side::both).max;
  const quant::BinCounter& bins = sums.bins(side != quant::Side::both, largest);
  return quant::exact_scale(sums, side, levels, bins, largest);
}

}  // namespace laq::test
