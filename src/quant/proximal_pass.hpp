#pragma once

#include <memory>

#include "quant/levels.hpp"
#include "quant/rule.hpp"

namespace laq::quant {

enum class Scaling { unit, symmetric, asymmetric };
enum class Solver { exact, alternating, heuristic };

/// A point of DESIGN.md's axes: which minimum of equation (1), Σ d_i (w_i − α b_i)², is taken.
struct ProximalAxes {
  LevelSet levels;
  Scaling scaling;
  Solver solver;
  bool curvature;  ///< d from Adam, otherwise uniform
};

/// The fit of one group. `axes` and the group's memory must outlive it.
std::unique_ptr<FirstPass> proximal_pass(const ProximalAxes& axes, const Group& group);

}  // namespace laq::quant
