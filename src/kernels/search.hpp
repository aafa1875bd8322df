#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/team.hpp"
#include "quant/codebook.hpp"

// The global minimum of equation (1) by a team; the bound is that of quant/exact.cpp. The gain
// α H(α) is summed at a few scales in one pass over the weights. Where the chord between two of
// them bounds it below a gain already reached, the scales between are dropped. The other intervals
// are divided, until so few weights change level inside that each is looked at singly.

namespace laq::kernels {

/// The magnitude of a weight on a side.
LAQ_DEVICE inline float magnitude(float w, quant::Side side) {
  if (side == quant::Side::both) return fabsf(w);
  const float a = side == quant::Side::positive ? w : -w;
  return a > 0 ? a : 0;
}

/// Of the k ascending limits, how many are below a.
LAQ_DEVICE inline int limits_below(const float* limits, int k, float a) {
  if (k <= 8) {
    int code = 0;
    for (int j = 0; j < k; ++j) code += a > limits[j] ? 1 : 0;
    return code;
  }
  int low = 0, high = k;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (a > limits[middle]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// Follows the scale downwards from `above` through events, by all threads of a block: `added(i)`
/// is what event i adds; begin … end − 1 are this thread's, and come after those of lower ranks.
/// The largest gain and its scale, the smallest of equals; `all`: what all events add.
template <typename Block, typename Added>
LAQ_DEVICE LAQ_OUTLINE quant::BestGain follow_down(Block& block, const quant::LevelSums& above,
                                                   int begin, int end, const Added& added,
                                                   quant::LevelSums& all) {
  quant::LevelSums own;
  for (int i = begin; i < end; ++i) own += added(i);
  quant::LevelSums start = above;
  start += block.before(own, all);
  const auto follow = [&](const auto& offer) {
    quant::LevelSums sums = start;
    if (block.rank() == 0) offer(sums);
    for (int i = begin; i < end; ++i) {
      sums += added(i);
      offer(sums);
    }
  };
  double of_thread = 0;
  follow([&](const quant::LevelSums& sums) { of_thread = fmax(of_thread, sums.gain()); });
  const double largest = block.max(of_thread), equal = largest * (1 - quant::kGainTie);
  double alpha = std::numeric_limits<double>::infinity();
  if (of_thread >= equal) {
    follow([&](const quant::LevelSums& sums) {
      if (sums.dqq > 0 && sums.gain() >= equal) alpha = fmin(alpha, sums.scale());
    });
  }
  quant::BestGain best;
  best.offer(largest, block.min(alpha));
  return best;
}

/// Puts the places of the weights whose magnitude is in (low, high] in order, the largest first, by
/// all threads of a block. Sets the share begin … end − 1 of this thread, which it alone may read;
/// false when too many weights are too close to each other. `starts`: room for kCounts numbers.
template <typename Block>
LAQ_DEVICE LAQ_OUTLINE bool order_by_magnitude(Block& block, const Near* weights, int count,
                                               quant::Side side, float low, float high, int* starts,
                                               std::uint16_t* order, int& begin, int& end) {
  constexpr int kBuckets = Block::Memory::kCounts, kMostOfBucket = 48;
  const float scale = static_cast<float>(kBuckets) / (high - low);
  const auto bucket = [&](float a) {
    const int b = static_cast<int>((high - a) * scale);
    return b < kBuckets ? b : kBuckets - 1;
  };
  const auto for_each = [&](const auto& f) {
    for (int i = block.rank(); i < count; i += block.size()) {
      const float a = magnitude(weights[i].w, side);
      if (a > low && a <= high) f(i, bucket(a));
    }
  };
  for (int b = block.rank(); b < kBuckets; b += block.size()) starts[b] = 0;
  block.sync();
  for_each([&](int, int b) { block.count_up(starts[b]); });
  block.sync();
  // Buckets next to each other for each thread.
  const int share = (kBuckets + block.size() - 1) / block.size();
  const int first = std::min(block.rank() * share, kBuckets),
            last = std::min(first + share, kBuckets);
  int own = 0, largest = 0, all = 0;
  for (int b = first; b < last; ++b) {
    own += starts[b];
    largest = std::max(largest, starts[b]);
  }
  int at = block.before(own, all);
  begin = at;
  end = at + own;
  for (int b = first; b < last; ++b) {
    const int n = starts[b];
    starts[b] = at;
    at += n;
  }
  if (block.max(largest) > kMostOfBucket) return false;
  for_each([&](int i, int b) { order[block.count_up(starts[b])] = static_cast<std::uint16_t>(i); });
  block.sync();
  // Now a bucket ends where its number says. They came in any order.
  const auto comes_first = [&](int i, int j) {
    const float a = magnitude(weights[i].w, side), b = magnitude(weights[j].w, side);
    return a != b ? a > b : weights[i].d > weights[j].d;
  };
  for (int b = first, from = begin; b < last; from = starts[b++]) {
    for (int i = from + 1; i < starts[b]; ++i) {
      const std::uint16_t moving = order[i];
      int to = i;
      for (; to > from && comes_first(moving, order[to - 1]); --to) order[to] = order[to - 1];
      order[to] = moving;
    }
  }
  return true;
}

/// `Source::for_each(team, f)` calls f(w, d) for the thread's share of the weights.
template <typename Team, typename Source>
class ScaleSearch {
 public:
  LAQ_DEVICE ScaleSearch(Team& team, const Source& source, quant::Side side,
                         const quant::LevelSet& levels)
      : team_(team), source_(source), side_(side), levels_(levels) {}

  /// Sums at up to kPoints scales, in one pass.
  LAQ_DEVICE LAQ_OUTLINE void evaluate(ScalePoint* points, int count) {
    set_limits(points, count);
    const float* limits = team_.memory().limits;
    const int k = levels_.k();
    double sums[3 * kPoints] = {};
    if (k == 1) {
      float limit[kPoints];
      int risen[kPoints] = {};
      for (int p = 0; p < kPoints; ++p) limit[p] = p < count ? limits[p] : INFINITY;
      source_.for_each(team_, [&](float w, float curvature) {
        const float a = magnitude(w, side_);
        const double d = static_cast<double>(curvature), da = d * static_cast<double>(a);
        LAQ_UNROLL
        for (int p = 0; p < kPoints; ++p) {
          const bool up = a > limit[p];
          sums[3 * p] += up ? da : 0;
          sums[3 * p + 1] += up ? d : 0;
          risen[p] += up ? 1 : 0;
        }
      });
      for (int p = 0; p < kPoints; ++p) sums[3 * p + 2] = risen[p];
    } else {
      source_.for_each(team_, [&](float w, float curvature) {
        const float a = magnitude(w, side_);
        const double d = static_cast<double>(curvature), da = d * static_cast<double>(a);
        for (int p = 0; p < count; ++p) {
          const int code = limits_below(limits + p * k, k, a);
          const double q = levels_.level(code), dq = q * d;
          sums[3 * p] += q * da;
          sums[3 * p + 1] += q * dq;
          sums[3 * p + 2] += code;
        }
      });
    }
    team_.sum(sums);
    for (int p = 0; p < count; ++p) {
      points[p].dqw = sums[3 * p];
      points[p].dqq = sums[3 * p + 1];
      points[p].risen = sums[3 * p + 2];
      reached_ = fmax(reached_, points[p].sums().gain());
      finite_ = finite_ && points[p].dqw < INFINITY && points[p].dqq < INFINITY;
    }
  }

  /// Keeps the intervals between ascending scales for `run`, but those that the bound rules out: it
  /// costs divisions, so that each thread looks at one. After `evaluate`.
  LAQ_DEVICE LAQ_OUTLINE void add(const ScalePoint* points, int count) {
    auto& block = team_.block();
    bool* keep = team_.memory().may_gain;
    for (int p = block.rank(); p + 1 < count; p += block.size())
      keep[p] = may_gain({points[p], points[p + 1]});
    block.sync();
    for (int p = 0; p + 1 < count; ++p) {
      if (!keep[p]) continue;
      full_ = full_ || pending_ == Memory::kStack;
      if (!full_) team_.memory().stack[pending_++] = {points[p], points[p + 1]};
    }
  }

  /// The scale at the largest gain, the smallest of equals; not a number when the sums are not
  /// finite.
  LAQ_DEVICE double run() {
    while (pending_ > 0 && finite_) {
      SearchInterval interval = team_.memory().stack[--pending_];
      if (!may_gain(interval)) continue;
      ScalePoint &low = interval.low, &high = interval.high;
      // Neighbours are looked at together, as far as there is room.
      while (pending_ > 0) {
        const SearchInterval next = team_.memory().stack[pending_ - 1];
        if (next.high.alpha != low.alpha || next.low.risen - high.risen > Memory::kEvents ||
            !may_gain(next))
          break;
        low = next.low;
        --pending_;
      }
      const double events = low.risen - high.risen;
      if (events <= 0) {
        best_.offer(high.sums());
        best_.offer(low.sums());
      } else if (events <= Memory::kEvents) {
        look_singly(low, high);
      } else if (!divide(low, high)) {
        best_.offer(high.sums());  // equal weights: they change level together
        best_.offer(low.sums());
      }
    }
    return finite_ ? best_.alpha : NAN;
  }

  /// Whether there was no room for all intervals: then nothing counts.
  LAQ_DEVICE bool full() const { return full_; }

 private:
  using Memory = typename Team::Memory;

  LAQ_DEVICE LAQ_OUTLINE bool may_gain(const SearchInterval& interval) const {
    return !(quant::chord_bound(interval.low.chord(), interval.high.chord()) <
             reached_ * (1 - quant::kGainMargin));
  }

  // For `count` points, k limits each.
  LAQ_DEVICE void set_limits(const ScalePoint* points, int count) {
    const int k = levels_.k();
    auto& block = team_.block();
    block.sync();
    for (int i = block.rank(); i < count * k; i += block.size())
      team_.memory().limits[i] =
          quant::floor_to_float(points[i / k].alpha * levels_.midpoint(i % k + 1));
    block.sync();
  }

  LAQ_DEVICE LAQ_OUTLINE bool divide(const ScalePoint& low, const ScalePoint& high) {
    // When much is left for later, in two: then there is always room.
    const int parts = pending_ + kPoints < Memory::kStack / 2 ? kPoints + 1 : 2;
    ScalePoint points[kPoints + 2];
    points[0] = low;
    int count = 1;
    for (int i = 1; i < parts; ++i) {
      const double alpha = low.alpha + (high.alpha - low.alpha) * i / parts;
      if (alpha > points[count - 1].alpha && alpha < high.alpha) points[count++].alpha = alpha;
    }
    if (count == 1) return false;
    evaluate(points + 1, count - 1);
    points[count++] = high;
    add(points, count);
    return true;
  }

  // A weight rises from code j − 1 to j where α falls below a / m_j.
  LAQ_DEVICE LAQ_OUTLINE void look_singly(const ScalePoint& low, const ScalePoint& high) {
    const ScalePoint ends[2] = {low, high};
    set_limits(ends, 2);
    const int k = levels_.k();
    const float *from = team_.memory().limits, *to = from + k;
    team_.begin_events();
    source_.for_each(team_, [&](float w, float curvature) {
      const float a = magnitude(w, side_);
      const int first = limits_below(to, k, a) + 1, last = limits_below(from, k, a);
      for (int j = first; j <= last; ++j) {
        const double up = levels_.level(j), down = levels_.level(j - 1);
        const double d = static_cast<double>(curvature);
        team_.add_event({static_cast<double>(a) / levels_.midpoint(j),
                         {(up - down) * d * static_cast<double>(a), (up * up - down * down) * d}});
      }
    });
    const int count = team_.end_events();
    sort(count);
    auto& block = team_.block();
    const int share = (count + block.size() - 1) / block.size();
    const int begin = block.rank() * share;
    const quant::Event* events = team_.memory().events;
    quant::LevelSums all;
    const auto found = follow_down(
        block, high.sums(), begin, begin + share < count ? begin + share : count,
        [&](int i) { return events[i].added; }, all);
    best_.offer(found.gain, found.alpha);
    reached_ = fmax(reached_, found.gain);
  }

  LAQ_DEVICE static bool comes_first(const quant::Event& x, const quant::Event& y) {
    if (x.alpha != y.alpha) return x.alpha > y.alpha;
    return x.added.dqw != y.added.dqw ? x.added.dqw > y.added.dqw : x.added.dqq > y.added.dqq;
  }

  // Batcher's bitonic network: the same order whatever the order they came in.
  LAQ_DEVICE LAQ_OUTLINE void sort(int count) {
    auto& block = team_.block();
    quant::Event* events = team_.memory().events;
    int padded = 1;
    while (padded < count) padded *= 2;
    for (int i = count + block.rank(); i < padded; i += block.size()) events[i] = {-1, {}};
    block.sync();
    for (int run = 2; run <= padded; run *= 2) {
      for (int apart = run / 2; apart > 0; apart /= 2) {
        for (int i = block.rank(); i < padded; i += block.size()) {
          const int other = i ^ apart;
          if (other <= i) continue;
          const bool descending = (i & run) == 0;
          if (comes_first(events[other], events[i]) == descending) {
            const quant::Event kept = events[i];
            events[i] = events[other];
            events[other] = kept;
          }
        }
        block.sync();
      }
    }
  }

  Team& team_;
  const Source& source_;
  quant::Side side_;
  const quant::LevelSet& levels_;
  int pending_ = 0;
  bool finite_ = true, full_ = false;
  double reached_ = 0;
  quant::BestGain best_;
};

}  // namespace laq::kernels
