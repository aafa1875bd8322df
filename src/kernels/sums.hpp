#pragma once

#include "kernels/search.hpp"
#include "quant/alternating.hpp"
#include "quant/group.hpp"
#include "quant/sums.hpp"

// What a method's fit sees of a group in device memory: the functions of `quant::Sums`.

namespace laq::kernels {

/// The curvature of a weight by its second moment.
LAQ_DEVICE inline float curvature(float root, const Settings& settings) {
  if (!settings.curvature) return 1;
  const float d = root + quant::kCurvatureFloor;
  return settings.squared_curvature ? d * d : d;
}

/// What both kinds of sums know of a group besides its weights. `scales`: those before.
class KnownScales {
 public:
  LAQ_DEVICE KnownScales(std::int64_t size, const double* scales, int scale_count,
                         double training_progress)
      : count(static_cast<std::size_t>(size)), progress(training_progress) {
    for (int i = 0; i < scale_count && i < kMost; ++i) scales_[i] = scales[i];
  }

  std::size_t count;
  double progress;

  LAQ_DEVICE double known_scale(int i) const { return scales_[i]; }
  LAQ_DEVICE double scale(quant::Side side) const {
    return scales_[side == quant::Side::negative ? 1 : 0];
  }
  LAQ_DEVICE bool has_previous() const {
    return scales_[0] > 0 || scales_[1] > 0 || scales_[2] > 0;
  }

 private:
  static constexpr int kMost = 3;
  double scales_[kMost] = {};
};

/// By passes over the weights of a group. `Searches`: whether `optimum` can be asked for.
template <typename Team, bool Searches>
class WholeSums : public KnownScales {
 public:
  static constexpr bool kSearches = Searches;

  /// `held`: room for all weights in memory that the team shares, or null.
  LAQ_DEVICE WholeSums(Team& team, const Layer& layer, std::int64_t group, const double* scales,
                       const Settings& settings, double training_progress, Near* held)
      : KnownScales(layer.size, scales, layer.books.scale_count, training_progress),
        team_(team),
        settings_(settings),
        held_(held),
        size_(layer.size),
        w_(layer.latent + group * layer.size),
        v_(layer.second + group * layer.size),
        q_(layer.quantized_values + group * layer.size) {
    if constexpr (Team::kHolds) {
      if (!held) return;
      LAQ_UNROLL_4
      for (std::int64_t i = team.rank(); i < size_; i += team.size())
        held[i] = {w_[i], curvature_at(i)};
      team.sync();
    }
  }

  /// Whether a search had not room enough; then nothing counts.
  LAQ_DEVICE bool lost() const { return lost_; }

  LAQ_DEVICE LAQ_OUTLINE quant::MagnitudeSums magnitudes(quant::Side side) {
    double sums[4] = {};
    float largest = 0;
    add_up(sums, [&](std::int64_t, float w, float d, Sum* part) {
      const float a = magnitude(w, side);
      largest = a > largest ? a : largest;
      part[0] += static_cast<Sum>(a);
      part[1] += a > 0 ? static_cast<Sum>(d) : 0;
      part[2] += static_cast<Sum>(d) * static_cast<Sum>(a);
      part[3] += w == 0 ? static_cast<Sum>(d) : 0;
    });
    const double max = team_.max(static_cast<double>(largest));
    return {sums[0], sums[1], sums[2], static_cast<float>(max), sums[3]};
  }

  LAQ_DEVICE LAQ_OUTLINE quant::LevelSums levels(quant::Side side, std::span<const float> steps,
                                                 std::span<const float> thresholds) {
    const int k = static_cast<int>(thresholds.size());
    const float *step = steps.data(), *limit = thresholds.data();
    if (k == 1) return few_levels<1>(side, step, limit, k);
    if (k <= kMostWindows) return few_levels<kMostWindows>(side, step, limit, k);
    return level_sums(side, [&](float a) { return step[limits_below(limit, k, a)]; });
  }

  LAQ_DEVICE quant::LevelSums nearest(quant::Side side, const quant::LevelSet& set, double alpha) {
    float thresholds[quant::LevelSet::kMost];
    quant::scaled_thresholds(set, alpha, thresholds);
    return levels(side, set.steps(), {thresholds, static_cast<std::size_t>(set.k())});
  }

  LAQ_DEVICE LAQ_OUTLINE quant::BySign previous(bool by_sign) {
    double sums[6] = {};
    add_up(sums, [&](std::int64_t i, float w, float d, Sum* part) {
      const Sum q = q_[i], dq = static_cast<Sum>(d) * q;
      const Sum one[3] = {dq * static_cast<Sum>(w), dq * q, dq};
      const bool first = !by_sign || q > 0;
      for (int p = 0; p < 3; ++p) {
        part[p] += first ? one[p] : 0;
        part[3 + p] += first ? 0 : one[p];
      }
    });
    return {{{sums[0], sums[1], sums[2]}, {sums[3], sums[4], sums[5]}}};
  }

  LAQ_DEVICE LAQ_OUTLINE quant::LevelSums used() {
    double sums[2] = {};
    add_up(sums, [&](std::int64_t i, float w, float d, Sum* part) {
      const Sum weight = q_[i] != 0 ? static_cast<Sum>(d) : 0;
      part[0] += weight * static_cast<Sum>(fabsf(w));
      part[1] += weight;
    });
    return {sums[0], sums[1], sums[1]};
  }

  LAQ_DEVICE double optimum(quant::Side side, const quant::LevelSet& levels) {
    if constexpr (Searches) return search(side, levels);
    return 0;
  }

  /// f(w, d) for this thread's share.
  template <typename T, typename F>
  LAQ_DEVICE void for_each(T& team, const F& f) const {
    LAQ_UNROLL_4
    for (std::int64_t i = team.rank(); i < size_; i += team.size()) {
      const Near one = at(i);
      f(one.w, one.d);
    }
  }

 private:
  using Sum = typename Team::Sum;

  LAQ_DEVICE LAQ_OUTLINE double search(quant::Side side, const quant::LevelSet& levels) {
    const quant::MagnitudeSums of = magnitudes(side);
    if (of.da == 0) return 0;  // no weight of this sign
    // Above `top` every code is 0, or the top level, which has to be used, is not.
    const double top = static_cast<double>(of.max) /
                       levels.midpoint(levels.top_level_is_used() ? levels.k() : 1) * (1 + 1e-6);
    ScaleSearch<Team, WholeSums> scales(team_, *this, side, levels);
    // Distances from the scale before grow so that the bound mostly rules out what lies between.
    constexpr double kReach[kPoints - 2] = {0.7, 0.94, 0.99, 1.01, 1.06, 1.35, 2.2, 3.6};
    ScalePoint points[kPoints];  // from 0, where every weight has the top level
    const double known = scale(side);
    int places = 1;
    for (int i = 1; i + 1 < kPoints; ++i) {
      const double alpha = known > 0 ? known * kReach[i - 1] : top * i / (kPoints - 1);
      if (alpha > points[places - 1].alpha && alpha < top) points[places++].alpha = alpha;
    }
    points[places++].alpha = top;
    scales.evaluate(points, places);
    scales.add(points, places);
    const double alpha = scales.run();
    lost_ = lost_ || scales.full();
    return alpha;
  }

  LAQ_DEVICE Near at(std::int64_t i) const {
    if constexpr (Team::kHolds) {
      if (held_) return held_[i];
    }
    return {w_[i], curvature_at(i)};
  }

  /// Sums of what f(i, w, d, part) adds to `part`, over the team.
  template <int N, typename F>
  LAQ_DEVICE void add_up(double (&sums)[N], const F& f) const {
    constexpr int kFew = 16;
    const std::int64_t size = team_.size();
    for (std::int64_t base = team_.rank(); base < size_; base += kFew * size) {
      Sum part[N] = {};
      const std::int64_t end = base + kFew * size < size_ ? base + kFew * size : size_;
      LAQ_UNROLL_4
      for (std::int64_t i = base; i < end; i += size) {
        const Near one = at(i);
        f(i, one.w, one.d, part);
      }
      for (int n = 0; n < N; ++n) sums[n] += static_cast<double>(part[n]);
    }
    team_.sum(sums);
  }

  template <typename StepOf>
  LAQ_DEVICE quant::LevelSums level_sums(quant::Side side, const StepOf& step_of) const {
    double sums[3] = {};
    add_up(sums, [&](std::int64_t, float w, float d, Sum* part) {
      const float a = magnitude(w, side);
      const Sum q = step_of(a), dq = static_cast<Sum>(d) * q;
      part[0] += dq * static_cast<Sum>(a);
      part[1] += dq * q;
      part[2] += dq;
    });
    return {sums[0], sums[1], sums[2]};
  }

  /// Of k ≤ `Most` levels, which then are in registers.
  template <int Most>
  LAQ_DEVICE quant::LevelSums few_levels(quant::Side side, const float* steps,
                                         const float* thresholds, int k) const {
    float step[Most], limit[Most];
    LAQ_UNROLL
    for (int j = 0; j < Most; ++j) {
      step[j] = j < k ? steps[j + 1] : 0;
      limit[j] = j < k ? thresholds[j] : INFINITY;
    }
    return level_sums(side, [&](float a) {
      float q = 0;
      LAQ_UNROLL
      for (int j = 0; j < Most; ++j) q = a > limit[j] ? step[j] : q;
      return q;
    });
  }

  LAQ_DEVICE float curvature_at(std::int64_t i) const {
    return settings_.curvature ? curvature(sqrtf(v_[i]), settings_) : 1.0f;
  }

  Team& team_;
  const Settings& settings_;
  const Near* held_;
  std::int64_t size_;
  const float *w_, *v_, *q_;
  bool lost_ = false;
};

/// Scales below and above a ternary window where H is summed for the bound, relative to the
/// window's middle: their distances grow geometrically. The first is 0.
LAQ_DEVICE inline float bound_place(int i, float width) {
  constexpr float kFarthest = 8;
  if (i == 0) return 0;
  if (i < kPlacesBelow)
    return 1 - powf(width, static_cast<float>(i) / static_cast<float>(kPlacesBelow));
  const auto step = static_cast<float>(i - kPlacesBelow + 1) / static_cast<float>(kPlacesAbove);
  return 1 + width * powf(kFarthest / width, step);
}

/// Around a threshold of the step before: weights inside are looked at singly.
struct Window {
  float low, high;

  /// Of threshold j of a side, k on each; `width`: relative. One that is not positive has none.
  LAQ_DEVICE static Window around(const float* thresholds, int k, int side, int j, float width) {
    const float at = side == 0 ? thresholds[k + j] : -thresholds[k - 1 - j];
    const bool usable = at > 0 && at < INFINITY && width > 0;
    return {usable ? at * (1 - width) : INFINITY, usable ? at * (1 + width) : INFINITY};
  }
  /// Of ternary levels, where α is twice the threshold.
  LAQ_DEVICE float bound_scale(int i, float width) const {
    return (low + high) * bound_place(i, width);
  }
};

/// By what a step's pass over the weights has gathered: sums, and the weights near a threshold.
/// When that does not answer a question, `lost()`; then nothing counts.
template <typename Team, bool Searches>
class NearSums : public KnownScales {
 public:
  static constexpr bool kSearches = Searches;

  LAQ_DEVICE NearSums(Team& team, const Layer& layer, std::int64_t group, const double* scales,
                      const Settings& settings, double training_progress, const double* rows,
                      NearRoom* near, int near_count)
      : KnownScales(layer.size, scales, layer.books.scale_count, training_progress),
        team_(team),
        gather_(settings.gather),
        clip_(settings.clip),
        rows_(rows),
        near_(near),
        near_count_(near_count),
        thresholds_(layer.books.thresholds + group * (layer.books.levels - 1)),
        width_(static_cast<float>(layer.kept[group * kKept])) {
    if (near_count < 0) lost_ = true;
  }

  LAQ_DEVICE bool lost() const { return lost_; }

  LAQ_DEVICE LAQ_OUTLINE quant::MagnitudeSums magnitudes(quant::Side side) {
    if (!gather_.magnitudes) return lose<quant::MagnitudeSums>();
    const double* up = rows_ + 2;
    const double* down = rows_ + 5;
    quant::MagnitudeSums positive{up[0], up[1], up[2], static_cast<float>(rows_[0]), rows_[8]};
    const quant::MagnitudeSums negative{down[0], down[1], down[2], static_cast<float>(rows_[1]),
                                        rows_[8]};
    if (side == quant::Side::positive) return positive;
    if (side == quant::Side::negative) return negative;
    positive += negative;
    positive.zero_d = rows_[8];
    return positive;
  }

  LAQ_DEVICE LAQ_OUTLINE quant::LevelSums levels(quant::Side side, std::span<const float> steps,
                                                 std::span<const float> thresholds) {
    const int k = gather_.windows, s = index(side);
    bool holds = k > 0 && static_cast<int>(thresholds.size()) == k && !lost_ &&
                 (side == quant::Side::both) == !gather_.by_sign;
    for (int j = 0; j < k && holds; ++j) {
      const float at = thresholds.data()[j];
      const Window around = window(s, j);
      holds = at >= around.low && at <= around.high && at < INFINITY;
    }
    if (!holds) return lose<quant::LevelSums>();
    const float* step = steps.data();
    using Sum = typename Team::Sum;
    Sum part[3] = {};
    const auto add = [&](const auto& step_below) {
      for (int i = team_.rank(); i < near_count_; i += team_.size()) {
        const Near& near = near_->weights[i];
        const float a = magnitude(near.w, side);
        const int j = step_below(a);
        if (!(a > 0) || !(a > thresholds.data()[j])) continue;
        const Sum d = near.d, up = step[j + 1], down = step[j];
        part[0] += d * (up - down) * static_cast<Sum>(a);
        part[1] += d * (up * up - down * down);
        part[2] += d * (up - down);
      }
    };
    if (k == 1) {
      add([](float) { return 0; });
    } else {
      add([&](float a) {
        int j = 0;
        while (j + 1 < k && a > window(s, j).high) ++j;
        return j;
      });
    }
    double sums[3] = {};
    for (int n = 0; n < 3; ++n) sums[n] = static_cast<double>(part[n]);
    team_.sum(sums);
    const double* above = rows_ + gather_.above_row() + s * Gather::kAbove;
    return {above[0] + sums[0], above[1] + sums[1], above[2] + sums[2]};
  }

  LAQ_DEVICE quant::LevelSums nearest(quant::Side side, const quant::LevelSet& set, double alpha) {
    if (set.k() != gather_.windows) return lose<quant::LevelSums>();
    float thresholds[kMostWindows];
    quant::scaled_thresholds(set, alpha, thresholds);
    return levels(side, set.steps(), {thresholds, static_cast<std::size_t>(set.k())});
  }

  LAQ_DEVICE LAQ_OUTLINE quant::BySign previous(bool by_sign) {
    if (!gather_.previous || by_sign != gather_.by_sign) return lose<quant::BySign>();
    const double* of = rows_ + gather_.previous_row();
    return {{{of[0], of[1], of[2]}, {of[3], of[4], of[5]}}};
  }

  LAQ_DEVICE LAQ_OUTLINE quant::LevelSums used() { return lose<quant::LevelSums>(); }

  LAQ_DEVICE LAQ_OUTLINE double optimum(quant::Side side, const quant::LevelSet& levels) {
    if constexpr (!Searches) return lose<double>();
    const int s = index(side);
    const auto [low, high] = window(s, 0);
    if (!gather_.bounds || levels.k() != 1 || lost_ || !(low < high)) return lose<double>();
    const double* above = rows_ + gather_.above_row() + s * Gather::kAbove;
    int begin = 0, end = 0;
    if (!order_by_magnitude(team_, near_->weights, near_count_, side, low, high,
                            reinterpret_cast<int*>(team_.memory().stack), near_->order, begin, end))
      return lose<double>();
    const auto added = [&](int i) {
      const Near& one = near_->weights[near_->order[i]];
      const double d = static_cast<double>(one.d);
      return quant::LevelSums{d * static_cast<double>(magnitude(one.w, side)), d, 0};
    };
    quant::LevelSums inside;
    const quant::BestGain best =
        follow_down(team_, {above[0], above[1], 0}, begin, end, added, inside);
    // α = 2 a at a threshold a.
    const ScalePoint last{2 * static_cast<double>(high), above[0], above[1], 0},
        first{2 * static_cast<double>(low), last.dqw + inside.dqw, last.dqq + inside.dqq, 0};
    const bool finite = first.dqw < INFINITY && first.dqq < INFINITY;
    if (!finite || !holds(s, first, last, best.gain)) return lose<double>();
    return best.alpha < INFINITY ? best.alpha : lose<double>();
  }

 private:
  LAQ_DEVICE static int index(quant::Side side) { return side == quant::Side::negative ? 1 : 0; }
  LAQ_DEVICE Window window(int side, int j) const {
    return Window::around(thresholds_, gather_.windows, side, j, width_);
  }
  template <typename T>
  LAQ_DEVICE T lose() {
    lost_ = true;
    return T{};
  }

  // Whether the bound keeps every scale outside of the window below `gain`. An interval for each
  // thread.
  LAQ_DEVICE LAQ_OUTLINE bool holds(int side, const ScalePoint& low, const ScalePoint& high,
                                    double gain) {
    // Of the sums in single precision: kTile / 256 terms each, and a few roundings in a term.
    constexpr double kMargin = 1.5e-6;
    const double reached = gain * (1 - quant::kGainMargin);
    const double* bounds = rows_ + gather_.bounds_row() + side * kPlaces;
    const Window around = window(side, 0);
    const auto place = [&](int i) {
      return quant::ChordPoint{static_cast<double>(around.bound_scale(i, width_)),
                               bounds[i] * (1 + kMargin)};
    };
    double fails = 0;
    // Interval i ends at place i; then that below the window, and that behind the last place.
    for (int i = 1 + team_.rank(); i <= kPlaces + 1; i += team_.size()) {
      quant::ChordPoint from, to;
      if (i == kPlaces + 1) {
        // No weight is above the clip, so that H is 0 from twice that on.
        from = place(kPlaces - 1);
        to = {2 * clip_, 0};
        if (from.upper <= 0 || from.alpha >= to.alpha) continue;
        if (!(clip_ < INFINITY)) fails = 1;
      } else if (i == kPlaces) {
        from = place(kPlacesBelow - 1);
        to = low.chord();
      } else if (i == kPlacesBelow) {
        from = high.chord();
        to = place(kPlacesBelow);
      } else {
        from = place(i - 1);
        to = place(i);
      }
      if (!(quant::chord_bound(from, to) < reached)) fails = 1;
    }
    return team_.max(fails) == 0;
  }

  Team& team_;
  const Gather& gather_;
  double clip_;
  const double* rows_;
  NearRoom* near_;
  int near_count_;
  const float* thresholds_;
  float width_;
  bool lost_ = false;
};

}  // namespace laq::kernels
