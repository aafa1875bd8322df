#include <cmath>
#include <limits>
#include <optional>

#include "core/parallel.hpp"
#include "quant/alternating.hpp"
#include "quant/exact.hpp"
#include "quant/levels.hpp"
#include "quant/passes.hpp"
#include "quant/rule.hpp"
#include "quant/scale_window.hpp"

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

  std::unique_ptr<FirstPass> first_pass(const Group& group) const override;

  StepFunction fit(const Group& group) const override {
    const auto pass = first_pass(group);
    for_cache_blocks(group.latent.size(), [&](std::size_t begin, std::size_t count) {
      pass->add(begin, count, curvature_at(group, begin));
    });
    return pass->finish([] {});
  }

 private:
  class Pass;

  struct SideFit {
    double alpha;
    std::optional<double> threshold;  // of a heuristic; otherwise the nearest level decides
  };

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

class ProximalRule::Pass : public FirstPass {
 public:
  Pass(const ProximalRule& rule, const Group& group)
      : rule_(rule), group_(group), chunks_((group.latent.size() + kChunk - 1) / kChunk) {
    if (!rule.curvature_) group_.curvature = {};
    sides_ = rule.scaling_ == Scaling::asymmetric ? std::vector{Side::positive, Side::negative}
                                                  : std::vector{Side::both};
    solved_ = rule.levels_.has_zero() && rule.scaling_ != Scaling::unit &&
              rule.solver_ != Solver::heuristic;
    if (!solved_ || !ScaleWindow::possible(group_, rule.levels_)) return;
    if (rule.solver_ == Solver::alternating && !group_.previous.empty()) {
      window_.emplace(group_, rule.levels_, sides_.size() == 2, false);
    } else if (rule.solver_ == Solver::exact && rule.levels_.k() == 1) {
      window_.emplace(group_, rule.levels_, sides_.size() == 2, true);
    }
  }

  void add(std::size_t begin, std::size_t count, const float* curvature) override {
    const float* d = rule_.curvature_ ? curvature : unit_curvature();
    Sums& sums = chunks_[begin / kChunk];
    if (window_) {
      window_->add(begin, count, d);
      if (rule_.solver_ == Solver::alternating)
        add_previous(group_, begin, count, d, sums.previous);
    } else {
      sums.all += magnitude_part(group_, Side::both, begin, count, d);
    }
    if (sides_.size() == 2 && !rule_.levels_.has_zero()) {
      for (std::size_t s = 0; s < 2; ++s) {
        sums.side[s] += magnitude_part(group_, sides_[s], begin, count, d);
      }
    }
  }

  StepFunction finish(const std::function<void()>& complete) override {
    for (const auto& chunk : chunks_) {
      total_.all += chunk.all;
      for (std::size_t s = 0; s < 2; ++s) total_.side[s] += chunk.side[s];
      total_.previous += chunk.previous;
    }
    if (window_) window_->close();
    complete_ = [&, done = !rule_.curvature_]() mutable {
      if (!done) complete();
      done = true;
    };
    check_finite();
    StepFunction step;
    std::vector<SideFit> fits;
    for (std::size_t s = 0; s < sides_.size(); ++s) {
      fits.push_back(solve(s, step));
      step.scales.push_back(fits.back().alpha);
    }
    rule_.assemble(fits.front(), fits.back(), step);
    return step;
  }

 private:
  struct Sums {
    MagnitudeSums all;      // of both signs
    MagnitudeSums side[2];  // of each sign, for binary levels with two scales
    BySign previous;
  };

  // A NaN or infinity anywhere shows in one of the sums.
  void check_finite() {
    const double shown = window_ ? window_->shown() : total_.all.a + total_.all.da + total_.all.d;
    if (std::isfinite(shown)) return;
    complete_();
    require_usable(group_);
  }

  SideFit solve(std::size_t s, StepFunction& step) {
    const Side side = sides_[s];
    if (rule_.scaling_ == Scaling::unit) return {1, {}};
    if (!rule_.levels_.has_zero()) {
      // α = Σ d a / Σ d over the weights of this code; zeros count as positive.
      const MagnitudeSums& sums = side == Side::both ? total_.all : total_.side[s];
      const double d = sums.d + (side == Side::negative ? 0 : sums.zero_d);
      return {d > 0 ? sums.da / d : 0, {}};
    }
    if (rule_.solver_ == Solver::exact) return {exact(side), {}};
    if (rule_.solver_ == Solver::alternating) {
      const AlternatingResult result = alternating(side);
      step.rounds = std::max(step.rounds, result.rounds);
      step.converged = step.converged && result.converged;
      return {result.alpha, {}};
    }
    const double threshold = twn_threshold(total_.all, group_.latent.size());
    const float limit = floor_to_float(threshold);
    return {level_sums(group_, side, rule_.levels_, std::span(&limit, 1)).scale(), threshold};
  }

  double exact(Side side) {
    const auto near = window_ ? window_->optimum(side) : std::nullopt;
    if (near) return *near;
    complete_();
    if (!bins_) {
      // Thresholds lie below the largest scale, which changes little in one iteration.
      constexpr double kAmple = 3;
      if (window_) total_.all = magnitude_sums(group_, Side::both);
      double range = 0;
      for (const double scale : group_.scales) range = std::max(range, kAmple * scale);
      if (range <= 0) range = static_cast<double>(total_.all.max);
      bins_.emplace(group_, Side::both, sides_.size() == 2, static_cast<float>(range));
      for_chunks(group_.latent.size(),
                 [&](std::size_t begin, std::size_t count) { bins_->add(begin, count); });
    }
    return exact_scale(group_, side, rule_.levels_, *bins_, total_.all.max);
  }

  AlternatingResult alternating(Side side) {
    const double first = window_ ? previous_scale(group_, side, total_.previous) : 0;
    if (first <= 0) {
      complete_();
      return alternating_scale(group_, side, rule_.levels_);
    }
    return alternate(first, [&](double alpha) {
      const auto sums = window_->sums(side, alpha);
      if (sums) return *sums;
      complete_();
      return level_sums(group_, side, rule_.levels_, scaled_thresholds(rule_.levels_, alpha));
    });
  }

  const ProximalRule& rule_;
  Group group_;
  std::vector<Side> sides_;
  bool solved_ = false;  // by a search for the scale
  std::optional<ScaleWindow> window_;
  std::optional<BinCounter> bins_;
  std::vector<Sums> chunks_;
  Sums total_;
  std::function<void()> complete_;
};

std::unique_ptr<FirstPass> ProximalRule::first_pass(const Group& group) const {
  return std::make_unique<Pass>(*this, group);
}

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
