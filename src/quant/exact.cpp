#include "quant/exact.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "quant/gain.hpp"

// How the global minimum is found without a sort.
//
// For a given α every weight takes its nearest level, so equation (1) is
//     f(α) = Σ d a² − α H(α),   H(α) = Σ d h(a, α),   h(a, α) = max_q (2 a q − α q²).
// H is a sum of maxima of lines in α, hence convex: on [α₀, α₁] it lies below its chord, and α
// times the chord is a parabola whose maximum bounds the gain α H(α) on the whole interval. H at
// one α comes from binned sums: all weights of a bin take the same level unless a threshold α t_j
// falls into the bin, and there h, convex in a, lies below its chord over the bin. Intervals whose
// bound is below a gain already reached are dropped, the others halved until each threshold stays
// within two bins. Only the weights of those bins are then looked at singly, in the order in which
// they change level, which gives the exact optimum.

namespace laq::quant {
namespace {

struct Interval {
  ChordPoint low, high;
};

class Search {
 public:
  Search(const Group& group, Side side, MagnitudeBins bins, const LevelSet& levels, float largest)
      : group_(group), side_(side), levels_(levels), bins_(std::move(bins)) {
    for (int j = 0; j <= levels.k(); ++j) q_.push_back(levels.level(j));
    narrow(largest);
    sweep_leaves();
  }

  double alpha() const { return best_.alpha; }

 private:
  // α t_j, j = 1 … k, as it is compared with magnitudes, and its bin.
  float threshold(double alpha, int j) const { return floor_to_float(alpha * levels_.midpoint(j)); }
  int bin(double alpha, int j) const { return bins_.bin(threshold(alpha, j)); }

  // H(α) bounded from above; on the way, a gain that is surely reached.
  ChordPoint evaluate(double alpha) {
    const int k = levels_.k();
    std::array<int, LevelSet::kMost + 1> bins;
    for (int j = 1; j <= k; ++j) bins[static_cast<std::size_t>(j)] = bin(alpha, j);
    double dqw = 0, dqq = 0, shared = 0;
    for (int j = 1; j <= k; ++j) {
      const auto code = static_cast<std::size_t>(j);
      const Mass& above = bins_.from(bins[code] + 1);
      dqw += (q_[code] - q_[code - 1]) * above.da;
      dqq += (q_[code] * q_[code] - q_[code - 1] * q_[code - 1]) * above.d;
      if (j < k && bins[code + 1] == bins[code]) continue;
      // The last threshold in this bin: replace the bin's share (lowest code in it) by the chord.
      int lowest = j - 1;
      while (lowest > 0 && bins[static_cast<std::size_t>(lowest)] == bins[code]) --lowest;
      shared += chord_surplus(bins[code], lowest, j, alpha);
    }
    best_.offer(LevelSums{dqw, dqq});
    return {alpha, 2 * dqw - alpha * dqq + shared};
  }

  // Upper bound of Σ d (h(a, α) − (2 a q − α q²)), q = q_lowest, over the weights of a bin.
  double chord_surplus(int bin, int lowest, int highest, double alpha) const {
    const Mass& mass = bins_.inside(bin);
    if (mass.d <= 0) return 0;
    const auto [low, high] = bins_.edges(bin);
    const double at_low = best_line(low, lowest, highest, alpha);
    const double at_high = best_line(high, lowest, highest, alpha);
    const double q = q_[static_cast<std::size_t>(lowest)];
    return at_low * mass.d + (at_high - at_low) / (high - low) * (mass.da - low * mass.d) -
           (2 * q * mass.da - alpha * q * q * mass.d);
  }

  double best_line(double a, int lowest, int highest, double alpha) const {
    double best = -std::numeric_limits<double>::infinity();
    // The bin's edges are widened a little, so a neighbouring level may just be reached.
    for (int j = std::max(0, lowest - 1); j <= std::min(levels_.k(), highest + 1); ++j) {
      const double q = q_[static_cast<std::size_t>(j)];
      best = std::max(best, 2 * a * q - alpha * q * q);
    }
    return best;
  }

  static double bound(const Interval& interval) { return chord_bound(interval.low, interval.high); }

  void narrow(float largest) {
    // Above largest / t_1 every code is 0. When the top level must be used, α stays below largest /
    // t_k.
    const double threshold = levels_.midpoint(levels_.top_level_is_used() ? levels_.k() : 1);
    const double top = static_cast<double>(largest) / threshold * (1 + 1e-6);
    std::vector<Interval> pending = {{evaluate(0), evaluate(top)}};
    while (!pending.empty()) {
      const Interval interval = pending.back();
      pending.pop_back();
      if (bound(interval) < best_.gain * (1 - kGainMargin)) continue;
      const double middle = (interval.low.alpha + interval.high.alpha) / 2;
      bool narrow_enough = !(middle > interval.low.alpha && middle < interval.high.alpha);
      if (!narrow_enough) {
        narrow_enough = true;
        for (int j = 1; j <= levels_.k() && narrow_enough; ++j)
          narrow_enough = bin(interval.high.alpha, j) - bin(interval.low.alpha, j) <= 1;
      }
      if (narrow_enough) {
        leaves_.push_back(interval);
        continue;
      }
      const ChordPoint between = evaluate(middle);
      pending.push_back({between, interval.high});
      pending.push_back({interval.low, between});
    }
  }

  void sweep_leaves() {
    std::erase_if(leaves_,
                  [&](const auto& leaf) { return bound(leaf) < best_.gain * (1 - kGainMargin); });
    std::vector<std::pair<int, int>> ranges;
    for (const auto& leaf : leaves_) {
      for (int j = 1; j <= levels_.k(); ++j)
        ranges.emplace_back(bin(leaf.low.alpha, j), bin(leaf.high.alpha, j));
    }
    std::vector<std::pair<float, float>> limits;
    for (const auto& range : merged(std::move(ranges))) limits.push_back(bins_.limits(range));
    opened_ = weights_within(group_, side_, limits);
    best_ = {};  // from here on only gains computed weight by weight count
    for (const auto& leaf : leaves_) sweep_leaf(leaf);
  }

  // At α = a / t_j a weight rises from code j − 1 to j.
  void sweep_leaf(const Interval& leaf) {
    std::vector<Event> events;
    LevelSums sums;
    for (int j = 1; j <= levels_.k(); ++j) {
      const auto code = static_cast<std::size_t>(j);
      const double dq = q_[code] - q_[code - 1];
      const double dq2 = q_[code] * q_[code] - q_[code - 1] * q_[code - 1];
      const double midpoint = levels_.midpoint(j);
      const float last = threshold(leaf.high.alpha, j);
      const int last_bin = bins_.bin(last);
      Mass above = bins_.from(last_bin + 1);
      auto weight = std::upper_bound(opened_.begin(), opened_.end(), threshold(leaf.low.alpha, j),
                                     [](float x, const Weighted& y) { return x < y.a; });
      for (; weight != opened_.end() && bins_.bin(weight->a) <= last_bin; ++weight) {
        const double d = static_cast<double>(weight->d), a = static_cast<double>(weight->a);
        if (weight->a > last) {
          above += {d, d * a};
        } else {
          events.push_back({a / midpoint, {dq * d * a, dq2 * d}});
        }
      }
      sums += {dq * above.da, dq2 * above.d};
    }
    sweep(events, sums, best_);
  }

  const Group& group_;
  Side side_;
  const LevelSet& levels_;
  MagnitudeBins bins_;
  std::vector<double> q_;
  std::vector<Interval> leaves_;
  std::vector<Weighted> opened_;
  BestGain best_;
};

}  // namespace

double exact_scale(const Group& group, Side side, const LevelSet& levels, const BinCounter& bins,
                   float largest) {
  MagnitudeBins here(bins, side, largest);
  if (!(largest > 0) || !(here.from(0).da > 0)) return 0;  // no weight of this sign
  return Search(group, side, std::move(here), levels, largest).alpha();
}

}  // namespace laq::quant
