#pragma once

#include <limits>

#include "quant/alternating.hpp"
#include "quant/relaxation.hpp"

namespace laq::quant {

enum class Scaling { unit, symmetric, asymmetric };
/// `released` is the alternating solver with the scale rule of the authors' code, `heuristic` TWN's
/// threshold, `absmean` BitNet b1.58's scale.
enum class Solver { exact, alternating, released, heuristic, absmean };

/// A point on the axes of docs/methods.md: which minimum of equation (1), Σ d_i (w_i − α b_i)², is
/// taken.
struct ProximalFit {
  LevelSet levels;
  Scaling scaling;
  Solver solver;
  bool curvature;  ///< d from Adam, otherwise uniform
  Annealing annealing = {};

  LAQ_DEVICE bool two_scales() const { return scaling == Scaling::asymmetric; }
  /// Whether the global minimum is searched for; where it is known in closed form it is not.
  LAQ_DEVICE bool searches() const {
    return solver == Solver::exact && levels.has_zero() && scaling != Scaling::unit;
  }

  template <typename S, typename Book>
  LAQ_DEVICE void operator()(S& sums, Book& book) const {
    const SideFit up = solve(two_scales() ? Side::positive : Side::both, sums, book);
    book.add_scale(up.alpha);
    SideFit down = up;
    if (two_scales()) {
      down = solve(Side::negative, sums, book);
      book.add_scale(down.alpha);
    }
    place(up, down, book);
    const int count = 2 * levels.k() + (levels.has_zero() ? 1 : 0);
    if (!annealing.discrete(sums.progress)) relax(annealing, sums.progress, count, book);
  }

 private:
  // What places the levels of one side.
  struct SideFit {
    double alpha;
    double threshold = -1;  // of a heuristic; negative: the nearest level decides
    bool half_up = false;   // a magnitude on a threshold goes to the larger level
  };

  template <typename S, typename Book>
  LAQ_DEVICE LAQ_OUTLINE SideFit solve(Side side, S& sums, Book& book) const {
    // On a GPU a kernel of its own, without what follows.
    if constexpr (requires { requires S::kSearches; }) return {sums.optimum(side, levels)};
    if (scaling == Scaling::unit) return {1};
    if (searches()) return {sums.optimum(side, levels)};
    if (!levels.has_zero()) {
      // α = Σ d a / Σ d over the weights of this code; zeros count as positive.
      const MagnitudeSums of = sums.magnitudes(side);
      const double d = of.d + (side == Side::negative ? 0 : of.zero_d);
      return {d > 0 ? of.da / d : 0};
    }
    if (solver == Solver::heuristic) {
      const double threshold = twn_threshold(sums);
      return {top_level_scale(sums, side, threshold), threshold};
    }
    // BitNet b1.58 (Ma et al., 2024): γ = mean|w|, codes RoundClip(w/γ, −1, 1).
    if (solver == Solver::absmean)
      return {sums.magnitudes(side).a / static_cast<double>(sums.count)};
    const bool released = solver == Solver::released;
    const Alternation result =
        released ? released_scale(sums, levels) : alternating_scale(sums, side, levels);
    if (result.rounds > book.rounds) book.rounds = result.rounds;
    book.converged = book.converged && result.converged;
    return {result.alpha, -1, released};
  }

  LAQ_DEVICE double limit(const SideFit& side, int j) const {
    if (side.alpha <= 0) return std::numeric_limits<double>::infinity();
    return side.threshold >= 0 ? side.threshold : side.alpha * levels.midpoint(j);
  }

  // Lays the levels of both signs out as one ascending step function of w.
  template <typename Book>
  LAQ_DEVICE LAQ_OUTLINE void place(const SideFit& up, const SideFit& down, Book& book) const {
    const int k = levels.k();
    for (int j = -k; j <= k; ++j) {
      if (j == 0 && !levels.has_zero()) continue;
      book.add_level(j, j == 0 ? 0.0 : (j > 0 ? up : down).alpha * levels.level(j));
    }
    if (!levels.has_zero()) return book.add_threshold(threshold_at_least(0));
    // −w > x is w < −x; as "w above a threshold" that is not (w ≥ −x).
    for (int j = k; j >= 1; --j) {
      const double x = -limit(down, j);
      book.add_threshold(down.half_up ? floor_to_float(x) : threshold_at_least(x));
    }
    for (int j = 1; j <= k; ++j) {
      const double x = limit(up, j);
      book.add_threshold(up.half_up ? threshold_at_least(x) : floor_to_float(x));
    }
  }
};

}  // namespace laq::quant
