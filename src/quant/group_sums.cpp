#include "quant/group_sums.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "quant/bound_scales.hpp"
#include "quant/exact.hpp"

namespace laq::quant {

LevelSums Sums::nearest(Side side, const LevelSet& set, double alpha) {
  return levels(side, set.steps(), scaled_thresholds(set, alpha));
}

GroupSums::GroupSums(const Group& group, const Needs& needs, const LazyCurvature& lazy)
    : group_(group),
      needs_(needs),
      lazy_(lazy),
      chunks_((group.latent.size() + kChunk - 1) / kChunk) {
  count = group.latent.size();
  scales = group.scales;
  progress = group.progress;
  if (!needs.curvature) {
    group_.curvature = {};
    lazy_ = {};
  }
  if (const auto& window = needs.window)
    window_.emplace(group_, *window->levels, needs.by_sign, window->exact);
}

void GroupSums::add(std::size_t begin, std::size_t length, const float* curvature) {
  const float* d = needs_.curvature ? curvature : unit_curvature();
  Gathered& sums = chunks_[begin / kChunk];
  if (window_) window_->add(begin, length, d);
  if (needs_.previous) add_previous(group_, needs_.by_sign, begin, length, d, sums.previous);
  if (needs_.magnitudes) sums.all += magnitude_part(group_, Side::both, begin, length, d);
  if (needs_.signs) {
    sums.side[0] += magnitude_part(group_, Side::positive, begin, length, d);
    sums.side[1] += magnitude_part(group_, Side::negative, begin, length, d);
  }
}

void GroupSums::close() {
  for (const auto& chunk : chunks_) {
    total_.all += chunk.all;
    for (std::size_t s = 0; s < 2; ++s) total_.side[s] += chunk.side[s];
    total_.previous += chunk.previous;
  }
  if (window_) window_->close();
  // A NaN or infinity anywhere shows in one of the sums.
  const LevelSums previous = total_.previous.of(Side::both);
  const double sum = total_.all.a + total_.all.da + total_.all.d + previous.dqw + previous.dqq +
                     (window_ ? window_->checksum() : 0);
  if (!std::isfinite(sum)) require_usable(this->group());
}

const Group& GroupSums::group() {
  if (lazy_.memory && group_.curvature.empty()) {
    curvature_of(lazy_.second_moment, lazy_.memory, lazy_.squared);
    group_.curvature = {lazy_.memory, count};
  }
  return group_;
}

MagnitudeSums GroupSums::magnitudes(Side side) {
  if (side == Side::both && needs_.magnitudes) return total_.all;
  if (side != Side::both && needs_.signs) return total_.side[side == Side::negative ? 1 : 0];
  return magnitude_sums(group(), side);
}

LevelSums GroupSums::levels(Side side, std::span<const float> steps,
                            std::span<const float> thresholds) {
  return level_sums(group(), side, steps, thresholds);
}

BySign GroupSums::previous(bool by_sign) {
  const bool gathered = needs_.previous && needs_.by_sign == by_sign;
  return gathered ? total_.previous : previous_sums(group(), by_sign);
}

LevelSums GroupSums::used() {
  return used_sums(group());
}

LevelSums GroupSums::nearest(Side side, const LevelSet& set, double alpha) {
  const std::vector<float> thresholds = scaled_thresholds(set, alpha);
  if (window_ && needs_.window->levels == &set) {
    if (const auto near = window_->sums(side, thresholds, alpha)) return *near;
  }
  return levels(side, set.steps(), thresholds);
}

double GroupSums::optimum(Side side, const LevelSet& levels) {
  if (window_ && needs_.window->exact) {
    if (const auto near = window_->optimum(side)) return *near;
  }
  const bool by_sign = side != Side::both;
  if (!bins_ || bins_->by_sign() != by_sign) {
    // Thresholds lie below the largest scale, which changes little in one iteration.
    constexpr float kAmple = 8;
    largest_ = magnitudes(Side::both).max;
    const float scale =
        scales.empty() ? 0 : static_cast<float>(*std::max_element(scales.begin(), scales.end()));
    bins_.emplace(group(), by_sign, scale > 0 ? std::min(kAmple * scale, largest_) : largest_);
  }
  return exact_scale(group(), side, levels, *bins_, largest_);
}

// Where the next windows' bounds are to be computed, when those of this one did not hold.
std::vector<double> GroupSums::solver_state(std::span<const double> optima) {
  // In a smaller group a whole search costs less than the choice.
  if (!bins_ || count < kChunk) return {};
  std::vector<MagnitudeBins> bins;
  std::vector<SideOptimum> sides;
  for (std::size_t s = 0; s < optima.size(); ++s)
    bins.emplace_back(*bins_, s == 0 ? Side::positive : Side::negative, largest_);
  for (std::size_t s = 0; s < optima.size(); ++s) sides.push_back({&bins[s], optima[s]});
  const auto chosen = choose_bound_scales(sides, ScaleWindow::kExactWidth);
  return chosen ? carry(*chosen) : std::vector<double>{};
}

}  // namespace laq::quant
