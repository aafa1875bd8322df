#pragma once

#include <variant>

#include "quant/levels.hpp"

namespace laq::quant {

enum class Scaling { unit, symmetric, asymmetric };
/// `released` is the alternating solver with the scale rule of the authors' code (alternating.hpp).
enum class Solver { exact, alternating, released, heuristic };

/// A point of DESIGN.md's axes: which minimum of equation (1), Σ d_i (w_i − α b_i)², is taken.
struct ProximalAxes {
  LevelSet levels;
  Scaling scaling;
  Solver solver;
  bool curvature;  ///< d from Adam, otherwise uniform
};

/// TTQ: levels −Wn, 0, Wp with learned scales and threshold Δ = t · max|w|.
struct TtqFormula {
  double threshold;  ///< t
};

/// DoReFa-Net: 2^bits uniform levels of tanh w.
struct DorefaFormula {
  int bits;
  bool differentiated;  ///< its gradient is that of tanh w / max|tanh w|
};

/// What a method computes, for those who compute it by other means (tensors on a GPU). A method
/// that does not say so is asked for its `fit` there too.
using Formula = std::variant<std::monostate, ProximalAxes, TtqFormula, DorefaFormula>;

}  // namespace laq::quant
