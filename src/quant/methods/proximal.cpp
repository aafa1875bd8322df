#include <cmath>
#include <limits>
#include <optional>

#include "core/parallel.hpp"
#include "quant/alternating.hpp"
#include "quant/bound_scales.hpp"
#include "quant/exact.hpp"
#include "quant/quantizer.hpp"

namespace laq::quant {
namespace {

// What places the levels of one side.
struct SideFit {
  double alpha;
  std::optional<double> threshold = {};  // of a heuristic; otherwise the nearest level decides
  bool half_up = false;                  // a magnitude on a threshold goes to the larger level
};

double limit(const LevelSet& levels, const SideFit& side, int j) {
  if (side.alpha <= 0) return std::numeric_limits<double>::infinity();
  if (side.threshold) return *side.threshold;
  return side.alpha * levels.midpoints()[static_cast<std::size_t>(j - 1)];
}

// Lays the levels of both signs out as one ascending step function of w.
void place(const LevelSet& levels, const SideFit& up, const SideFit& down, Codebook& codebook) {
  const int k = levels.k();
  for (int j = -k; j <= k; ++j) {
    if (j == 0 && !levels.has_zero()) continue;
    const double scale = j > 0 ? up.alpha : down.alpha;
    codebook.codes.push_back(j);
    codebook.values.push_back(j == 0 ? 0.0 : scale * levels.level(j));
  }
  if (!levels.has_zero()) {
    codebook.thresholds.push_back(threshold_at_least(0));
    return;
  }
  // −w > x is w < −x; as "w above a threshold" that is not (w ≥ −x).
  for (int j = k; j >= 1; --j) {
    const double x = -limit(levels, down, j);
    codebook.thresholds.push_back(down.half_up ? floor_to_float(x) : threshold_at_least(x));
  }
  for (int j = 1; j <= k; ++j) {
    const double x = limit(levels, up, j);
    codebook.thresholds.push_back(up.half_up ? threshold_at_least(x) : floor_to_float(x));
  }
}

/// Minimises equation (1), Σ d_i (w_i − α b_i)², over a level set: the axes of DESIGN.md.
/// BinaryConnect, BWN, LAB, TWN, LATe, LATa, LAT2e, LAT2a and LAQ are points of it (Hou, Yao & Kwok
/// 2017; Hou & Kwok 2018).
class Proximal : public Quantizer {
 public:
  explicit Proximal(ProximalAxes axes) : axes_(std::move(axes)) {}

  int scale_count() const override { return axes_.scaling == Scaling::asymmetric ? 2 : 1; }
  int solver_state_size() const override { return exact_ternary() ? kMostPlaces : 0; }
  Formula formula() const override { return axes_; }

  std::optional<double> level(int code) const override {
    if (std::abs(code) > axes_.levels.k() || (code == 0 && !axes_.levels.has_zero()))
      return std::nullopt;
    return axes_.levels.level(code);
  }

  std::shared_ptr<const Quantizer> exact() const override {
    if (axes_.solver == Solver::exact || axes_.scaling == Scaling::unit || !axes_.levels.has_zero())
      return nullptr;
    ProximalAxes axes = axes_;
    axes.solver = Solver::exact;
    return std::make_shared<Proximal>(std::move(axes));
  }

  Needs needs(const Group& group) const override {
    const bool two = axes_.scaling == Scaling::asymmetric;
    const bool alternates = axes_.solver == Solver::alternating && axes_.levels.has_zero();
    Needs needs{.curvature = axes_.curvature, .by_sign = two};
    needs.previous = alternates && !group.scales.empty() && !group.previous.empty();
    const bool near = needs.previous || exact_ternary();
    if (near && ScaleWindow::possible(group, axes_.levels))
      needs.window = {&axes_.levels, exact_search()};
    needs.magnitudes = !needs.window && !needs.previous;
    needs.signs = two && !axes_.levels.has_zero();
    return needs;
  }

  Codebook fit(Sums& sums) const override {
    Codebook codebook;
    std::vector<SideFit> fits;
    WholeSearch whole;
    for (const Side side : sides()) {
      fits.push_back(exact_search() ? SideFit{exact(side, sums, whole)}
                                    : solve(side, sums, codebook));
      codebook.scales.push_back(fits.back().alpha);
    }
    place(axes_.levels, fits.front(), fits.back(), codebook);
    if (whole.bins) codebook.solver_state = bound_scales(whole, sums.count, codebook.scales);
    return codebook;
  }

 private:
  bool exact_search() const {
    return axes_.solver == Solver::exact && axes_.levels.has_zero() &&
           axes_.scaling != Scaling::unit;
  }
  // What a window knows to bound.
  bool exact_ternary() const { return exact_search() && axes_.levels.k() == 1; }
  std::vector<Side> sides() const {
    return axes_.scaling == Scaling::asymmetric ? std::vector{Side::positive, Side::negative}
                                                : std::vector{Side::both};
  }

  SideFit solve(Side side, Sums& sums, Codebook& codebook) const {
    if (axes_.scaling == Scaling::unit) return {1};
    if (!axes_.levels.has_zero()) {
      // α = Σ d a / Σ d over the weights of this code; zeros count as positive.
      const MagnitudeSums of = sums.magnitudes(side);
      const double d = of.d + (side == Side::negative ? 0 : of.zero_d);
      return {d > 0 ? of.da / d : 0};
    }
    if (axes_.solver == Solver::heuristic) {
      const double threshold = twn_threshold(sums);
      return {top_level_scale(sums, side, threshold), threshold};
    }
    const bool released = axes_.solver == Solver::released;
    const Alternation result =
        released ? released_scale(sums, axes_.levels) : alternating_scale(sums, side, axes_.levels);
    codebook.rounds = std::max(codebook.rounds, result.rounds);
    codebook.converged = codebook.converged && result.converged;
    return {.alpha = result.alpha, .half_up = released};
  }

  // A search that a window could not answer.
  struct WholeSearch {
    const BinCounter* bins = nullptr;
    float largest = 0;  // |w|
  };

  double exact(Side side, Sums& sums, WholeSearch& whole) const {
    const auto near = sums.window() ? sums.window()->optimum(side) : std::nullopt;
    if (near) return *near;
    // Thresholds lie below the largest scale, which changes little in one iteration.
    constexpr double kAmple = 8;
    if (!whole.bins) {
      whole.largest = sums.magnitudes(Side::both).max;
      double range = 0;
      for (const double scale : sums.scales) range = std::max(range, kAmple * scale);
      if (range <= 0) range = static_cast<double>(whole.largest);
      whole.bins = &sums.bins(side != Side::both, static_cast<float>(range));
    }
    return exact_scale(sums, side, axes_.levels, *whole.bins, whole.largest);
  }

  // Where the next windows' bounds are to be computed.
  std::vector<double> bound_scales(const WholeSearch& whole, std::size_t count,
                                   const std::vector<double>& scales) const {
    // In a smaller group a whole search costs less than the choice.
    if (!exact_ternary() || count < kChunk) return {};
    std::vector<MagnitudeBins> bins;
    std::vector<SideOptimum> optima;
    for (const Side side : sides()) bins.emplace_back(*whole.bins, side, whole.largest);
    for (std::size_t s = 0; s < bins.size(); ++s) optima.push_back({&bins[s], scales[s]});
    const auto chosen = choose_bound_scales(optima, ScaleWindow::kExactWidth);
    return chosen ? carry(*chosen) : std::vector<double>{};
  }

  ProximalAxes axes_;
};

// Whether the alternating solver's scale is the released code's.
bool read_released(config::Reader& section, LevelKind kind, Scaling scaling, Solver solver) {
  const auto refuse = [&](const char* what, const char* advice) {
    section.refuse("alpha_rule", what, advice);
  };
  if (section.has("alpha_rule") && kind != LevelKind::linear && kind != LevelKind::log)
    refuse("has a meaning with linear and log levels only", "remove it");
  if (section.has("alpha_rule") && solver != Solver::alternating)
    refuse("is a choice of the alternating solver",
           "remove it, or set quantizer.solver to alternating");
  const bool released =
      section.choice<bool>("alpha_rule", false, {{"minimiser", false}, {"released", true}},
                           config::Canonical::omit_default);
  if (released && scaling != Scaling::symmetric)
    refuse("released is known for one scale only", "set quantizer.scaling to symmetric");
  return released;
}

std::shared_ptr<const Quantizer> make(config::Reader& section) {
  const auto kind = section.choice<LevelKind>("levels", {}, level_kind_names());
  if (kind == LevelKind::none) {
    for (const char* key : {"bits", "scaling", "curvature", "solver", "alpha_rule", "group"}) {
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
  auto solver = section.choice<Solver>("solver", Solver::exact,
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
  if (read_released(section, kind, scaling, solver)) solver = Solver::released;
  return std::make_shared<Proximal>(
      ProximalAxes{LevelSet::make(kind, bits), scaling, solver, curvature});
}

const RegisterMethod registered("proximal", make);

}  // namespace
}  // namespace laq::quant
