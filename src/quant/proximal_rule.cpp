#include <cmath>
#include <limits>
#include <optional>

#include "quant/alternating.hpp"
#include "quant/exact.hpp"
#include "quant/levels.hpp"
#include "quant/passes.hpp"
#include "quant/rule.hpp"

namespace laq::quant {
namespace {

enum class Scaling { unit, symmetric, asymmetric };
enum class Solver { exact, alternating, heuristic };

/// Minimises equation (1), Σ d_i (w_i − α b_i)², over a level set: the axes of DESIGN.md.
/// BinaryConnect, BWN, LAB, TWN, LATe, LATa, LAT2e, LAT2a and LAQ are points of it (Hou, Yao & Kwok
/// 2017; Hou & Kwok 2018).
class ProximalRule : public Rule {
 public:
  ProximalRule(LevelKind kind, int bits, Scaling scaling, Solver solver, bool curvature)
      : levels_(LevelSet::make(kind, bits)),
        scaling_(scaling),
        solver_(solver),
        curvature_(curvature) {}

  int scale_count() const override { return scaling_ == Scaling::asymmetric ? 2 : 1; }
  bool uses_curvature() const override { return curvature_; }

  std::optional<double> level(int code) const override {
    if (std::abs(code) > levels_.k() || (code == 0 && !levels_.has_zero())) return std::nullopt;
    return levels_.level(code);
  }

  StepFunction fit(const Group& all) const override {
    Group group = all;
    if (!curvature_) group.curvature = {};
    StepFunction step;
    if (scaling_ == Scaling::asymmetric && solver_ == Solver::exact && levels_.has_zero()) {
      const MagnitudeSums sums = checked_sums(group, Side::both);
      const auto [up, down] = exact_scales(group, levels_, sums.max);
      assemble({up, {}}, {down, {}}, step);
      step.scales = {up, down};
    } else if (scaling_ == Scaling::asymmetric) {
      const SideFit up = fit_side(group, Side::positive, step);
      const SideFit down = fit_side(group, Side::negative, step);
      assemble(up, down, step);
      step.scales = {up.alpha, down.alpha};
    } else {
      const SideFit both = fit_side(group, Side::both, step);
      assemble(both, both, step);
      step.scales = {both.alpha};
    }
    return step;
  }

 private:
  struct SideFit {
    double alpha;
    std::optional<double> threshold;  // of a heuristic; otherwise the nearest level decides
  };

  static MagnitudeSums checked_sums(const Group& group, Side side) {
    const MagnitudeSums sums = magnitude_sums(group, side);
    if (!std::isfinite(sums.da) || !std::isfinite(sums.a)) require_usable(group);
    return sums;
  }

  SideFit fit_side(const Group& group, Side side, StepFunction& step) const {
    const MagnitudeSums sums = checked_sums(group, side);
    if (scaling_ == Scaling::unit) return {1, {}};
    if (!levels_.has_zero()) {
      // α = Σ d a / Σ d over the weights of this code; zeros count as positive.
      const double d = sums.d + (side == Side::negative ? 0 : sums.zero_d);
      return {d > 0 ? sums.da / d : 0, {}};
    }
    switch (solver_) {
      case Solver::exact:
        return {exact_scale(group, side, levels_, sums.max), {}};
      case Solver::alternating: {
        const AlternatingResult result = alternating_scale(group, side, levels_);
        step.rounds = std::max(step.rounds, result.rounds);
        step.converged = step.converged && result.converged;
        return {result.alpha, {}};
      }
      case Solver::heuristic:
        break;
    }
    const double threshold = twn_threshold(group);
    const float limit = floor_to_float(threshold);
    return {level_sums(group, side, levels_, std::span(&limit, 1)).scale(), threshold};
  }

  // Lays the levels of both signs out as one ascending step function of w.
  void assemble(const SideFit& up, const SideFit& down, StepFunction& step) const {
    const int k = levels_.k();
    for (int j = -k; j <= k; ++j) {
      if (j == 0 && !levels_.has_zero()) continue;
      const double scale = j > 0 ? up.alpha : down.alpha;
      step.codes.push_back(j);
      step.values.push_back(j == 0 ? 0.0 : scale * levels_.level(j));
    }
    if (!levels_.has_zero()) {
      step.thresholds.push_back(threshold_at_least(0));
      return;
    }
    // −w > x is w < −x; as "w above a threshold" that is not (w ≥ −x).
    for (int j = k; j >= 1; --j) step.thresholds.push_back(threshold_at_least(-limit(down, j)));
    for (int j = 1; j <= k; ++j) step.thresholds.push_back(floor_to_float(limit(up, j)));
  }

  double limit(const SideFit& side, int j) const {
    if (side.alpha <= 0) return std::numeric_limits<double>::infinity();
    if (side.threshold) return *side.threshold;
    return side.alpha * levels_.midpoints()[static_cast<std::size_t>(j - 1)];
  }

  LevelSet levels_;
  Scaling scaling_;
  Solver solver_;
  bool curvature_;
};

std::shared_ptr<const Rule> make(config::Section& section) {
  const auto kind = section.choice<LevelKind>("levels", {}, level_kind_names());
  if (kind == LevelKind::none) {
    for (const char* key : {"bits", "scaling", "curvature", "solver", "group"}) {
      if (section.has(key)) section.refuse(key, "has no meaning with levels: none", "remove it");
    }
    return nullptr;
  }
  int bits = 2;
  if (kind == LevelKind::linear || kind == LevelKind::log) {
    bits = static_cast<int>(section.integer("bits", {}, {2, 8}));
  } else if (section.has("bits")) {
    section.refuse("bits", "has no meaning with binary or ternary levels",
                   "remove it, or set quantizer.levels to linear or log");
  }
  const auto scaling = section.choice<Scaling>("scaling", Scaling::symmetric,
                                               {{"unit", Scaling::unit},
                                                {"symmetric", Scaling::symmetric},
                                                {"asymmetric", Scaling::asymmetric}});
  const bool curvature = section.choice<bool>("curvature", true, {{"adam", true}, {"none", false}});
  const auto solver = section.choice<Solver>("solver", Solver::exact,
                                             {{"exact", Solver::exact},
                                              {"alternating", Solver::alternating},
                                              {"heuristic", Solver::heuristic}});
  if (scaling == Scaling::unit && curvature) {
    section.refuse("curvature",
                   "changes nothing with scaling: unit, where the nearest level is optimal",
                   "set quantizer.curvature to none");
  }
  if (scaling == Scaling::unit && solver != Solver::exact) {
    section.refuse("solver", "has nothing to solve with scaling: unit",
                   "set quantizer.solver to exact");
  }
  if (solver == Solver::heuristic && kind != LevelKind::ternary) {
    section.refuse("solver", "heuristic is TWN's threshold, for ternary levels only",
                   "choose exact or alternating");
  }
  if (solver == Solver::heuristic && curvature) {
    section.refuse("solver", "heuristic does not use the curvature",
                   "set quantizer.curvature to none");
  }
  return std::make_shared<ProximalRule>(kind, bits, scaling, solver, curvature);
}

const RegisterRule registered("proximal", make);

}  // namespace
}  // namespace laq::quant
