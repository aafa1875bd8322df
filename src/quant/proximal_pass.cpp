#include "quant/proximal_pass.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "core/parallel.hpp"
#include "quant/alternating.hpp"
#include "quant/exact.hpp"
#include "quant/outlook.hpp"
#include "quant/passes.hpp"
#include "quant/released.hpp"
#include "quant/scale_window.hpp"

namespace laq::quant {
namespace {

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
void assemble(const LevelSet& levels, const SideFit& up, const SideFit& down, StepFunction& step) {
  const int k = levels.k();
  for (int j = -k; j <= k; ++j) {
    if (j == 0 && !levels.has_zero()) continue;
    const double scale = j > 0 ? up.alpha : down.alpha;
    step.codes.push_back(j);
    step.values.push_back(j == 0 ? 0.0 : scale * levels.level(j));
  }
  if (!levels.has_zero()) {
    step.thresholds.push_back(threshold_at_least(0));
    return;
  }
  // −w > x is w < −x; as "w above a threshold" that is not (w ≥ −x).
  for (int j = k; j >= 1; --j) {
    const double x = -limit(levels, down, j);
    step.thresholds.push_back(down.half_up ? floor_to_float(x) : threshold_at_least(x));
  }
  for (int j = 1; j <= k; ++j) {
    const double x = limit(levels, up, j);
    step.thresholds.push_back(up.half_up ? threshold_at_least(x) : floor_to_float(x));
  }
}

class Pass : public FirstPass {
 public:
  Pass(const ProximalAxes& axes, const Group& group)
      : axes_(axes), group_(group), chunks_((group.latent.size() + kChunk - 1) / kChunk) {
    if (!axes.curvature) group_.curvature = {};
    sides_ = axes.scaling == Scaling::asymmetric ? std::vector{Side::positive, Side::negative}
                                                 : std::vector{Side::both};
    const bool searched = axes.levels.has_zero() && axes.scaling != Scaling::unit &&
                          (axes.solver == Solver::exact || axes.solver == Solver::alternating);
    const bool exact = axes.solver == Solver::exact;
    uses_previous_ = searched && !exact && !group_.scales.empty() && !group_.previous.empty();
    if (!ScaleWindow::possible(group_, axes.levels)) return;
    if (uses_previous_ || (searched && exact && axes.levels.k() == 1)) {
      window_.emplace(group_, axes.levels, sides_.size() == 2, exact);
    }
  }

  void add(std::size_t begin, std::size_t count, const float* curvature) override {
    const float* d = axes_.curvature ? curvature : unit_curvature();
    Sums& sums = chunks_[begin / kChunk];
    if (window_) window_->add(begin, count, d);
    if (uses_previous_) add_previous(group_, begin, count, d, sums.previous);
    if (!window_ && !uses_previous_) {
      sums.all += magnitude_part(group_, Side::both, begin, count, d);
    }
    if (sides_.size() == 2 && !axes_.levels.has_zero()) {
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
    complete_ = [&, done = !axes_.curvature]() mutable {
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
    assemble(axes_.levels, fits.front(), fits.back(), step);
    if (bins_) step.carried = look_out(step.scales);
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
    const LevelSums previous = total_.previous.of(Side::both);
    const double shown = total_.all.a + total_.all.da + total_.all.d + previous.dqw + previous.dqq +
                         (window_ ? window_->shown() : 0);
    if (std::isfinite(shown)) return;
    complete_();
    require_usable(group_);
  }

  SideFit solve(std::size_t s, StepFunction& step) {
    const Side side = sides_[s];
    if (axes_.scaling == Scaling::unit) return {1};
    if (!axes_.levels.has_zero()) {
      // α = Σ d a / Σ d over the weights of this code; zeros count as positive.
      const MagnitudeSums& sums = side == Side::both ? total_.all : total_.side[s];
      const double d = sums.d + (side == Side::negative ? 0 : sums.zero_d);
      return {d > 0 ? sums.da / d : 0};
    }
    if (axes_.solver == Solver::exact) return {exact(side)};
    if (axes_.solver != Solver::heuristic) {
      const bool released = axes_.solver == Solver::released;
      const AlternatingResult result = released ? released_rule() : alternating(side);
      step.rounds = std::max(step.rounds, result.rounds);
      step.converged = step.converged && result.converged;
      return {.alpha = result.alpha, .half_up = released};
    }
    const double threshold = twn_threshold(total_.all, group_.latent.size());
    return {top_level_scale(group_, side, threshold), threshold};
  }

  double exact(Side side) {
    const auto near = window_ ? window_->optimum(side) : std::nullopt;
    if (near) return *near;
    complete_();
    if (!bins_) {
      // Thresholds lie below the largest scale, which changes little in one iteration.
      constexpr double kAmple = 8;
      if (window_) total_.all = magnitude_sums(group_, Side::both);
      double range = 0;
      for (const double scale : group_.scales) range = std::max(range, kAmple * scale);
      if (range <= 0) range = static_cast<double>(total_.all.max);
      bins_.emplace(group_, Side::both, sides_.size() == 2, static_cast<float>(range));
    }
    return exact_scale(group_, side, axes_.levels, *bins_, total_.all.max);
  }

  // After a whole search: where the next windows' bounds are to be computed.
  std::vector<double> look_out(const std::vector<double>& scales) const {
    // In a smaller group a whole search costs less than the choice.
    if (axes_.levels.k() > 1 || group_.latent.size() < kChunk) return {};
    std::vector<MagnitudeBins> bins;
    std::vector<SideOptimum> optima;
    for (const Side side : sides_) bins.emplace_back(group_, side, *bins_, total_.all.max);
    for (std::size_t s = 0; s < bins.size(); ++s) optima.push_back({&bins[s], scales[s]});
    const auto chosen = choose_outlook(optima, ScaleWindow::kExactWidth);
    return chosen ? carry(*chosen) : std::vector<double>{};
  }

  AlternatingResult released_rule() {
    complete_();
    return released_scale(group_, axes_.levels);
  }

  AlternatingResult alternating(Side side) {
    const double first = uses_previous_ ? previous_scale(group_, side, total_.previous) : 0;
    if (first <= 0) {
      complete_();
      return alternating_scale(group_, side, axes_.levels);
    }
    return alternate(first, [&](double alpha) {
      const auto sums = window_ ? window_->sums(side, alpha) : std::nullopt;
      if (sums) return *sums;
      complete_();
      return level_sums(group_, side, axes_.levels, scaled_thresholds(axes_.levels, alpha));
    });
  }

  const ProximalAxes& axes_;
  Group group_;
  std::vector<Side> sides_;
  bool uses_previous_ = false;  // an alternating solver starts from the previous codes
  std::optional<ScaleWindow> window_;
  std::optional<BinCounter> bins_;
  std::vector<Sums> chunks_;
  Sums total_;
  std::function<void()> complete_;
};

}  // namespace

std::unique_ptr<FirstPass> proximal_pass(const ProximalAxes& axes, const Group& group) {
  return std::make_unique<Pass>(axes, group);
}

}  // namespace laq::quant
