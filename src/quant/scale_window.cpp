#include "quant/scale_window.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/parallel.hpp"
#include "quant/bound_scales.hpp"
#include "quant/gain.hpp"

namespace laq::quant {
namespace {

// Edges are compared in single precision, so scales this near an edge count as outside.
constexpr double kEdge = 1e-6;
// Rounding of the bounds' single-precision sums, relative; they have at most 256 terms each.
constexpr double kBoundMargin = 1e-5;
constexpr std::size_t kBuckets = 256;

// The largest gain over scales between `low` and `high` (in units of the previous one). All weights
// that change level there are in `events`; `above` has the sums of those above.
class WindowSearch {
 public:
  WindowSearch(const std::vector<Event>& events, double low, double high, const LevelSums& above)
      : low_(low), width_((high - low) / kBuckets), events_(events.size()) {
    for (const auto& event : events) ++starts_[bucket(event) + 1];
    for (std::size_t b = 0; b < kBuckets; ++b) starts_[b + 1] += starts_[b];
    std::array<std::size_t, kBuckets + 1> next = starts_;
    for (const auto& event : events) events_[next[bucket(event)]++] = event;
    edges_[kBuckets] = above;
    for (std::size_t b = kBuckets; b > 0; --b) {
      edges_[b - 1] = edges_[b];
      for (const auto& event : inside(b - 1)) edges_[b - 1] += event.added;
    }
    for (const auto& edge : edges_) best_.offer(edge);
  }

  double gain() const { return best_.gain; }
  ChordPoint low() const { return point(0); }
  ChordPoint high() const { return point(kBuckets); }

  // Looks weight by weight where the bound leaves it open.
  double scale() {
    const double reached = best_.gain * (1 - kGainMargin);
    best_ = {};
    for (std::size_t b = kBuckets; b > 0; --b) {
      if (chord_bound(point(b - 1), point(b)) < reached) continue;
      sweep(inside(b - 1), edges_[b], best_);
    }
    return best_.alpha;
  }

 private:
  std::size_t bucket(const Event& event) const {
    return static_cast<std::size_t>(std::clamp((event.alpha - low_) / width_, 0.0, kBuckets - 1.0));
  }
  std::span<Event> inside(std::size_t b) {
    return {events_.data() + starts_[b], events_.data() + starts_[b + 1]};
  }
  ChordPoint point(std::size_t edge) const {
    const double x = low_ + static_cast<double>(edge) * width_;
    return {x, 2 * edges_[edge].dqw - x * edges_[edge].dqq};
  }

  double low_, width_;
  std::array<std::size_t, kBuckets + 1> starts_ = {};
  std::array<LevelSums, kBuckets + 1> edges_;
  std::vector<Event> events_;  // by bucket
  BestGain best_;
};

// Whether the bound keeps every scale outside of the window below `gain`.
bool window_holds(const WindowEdges& edges, const double* bounds, const ChordPoint& low,
                  const ChordPoint& high, double gain) {
  const double reached = gain * (1 - kGainMargin);
  const auto point = [&](int i) {
    return ChordPoint{static_cast<double>(edges.places[i]), bounds[i] * (1 + kBoundMargin)};
  };
  for (int i = 0; i + 1 < edges.place_count; ++i) {
    const ChordPoint from = point(i), to = point(i + 1);
    const bool around = from.alpha < 1 && to.alpha > 1;
    const double bound =
        around ? std::max(chord_bound(from, low), chord_bound(high, to)) : chord_bound(from, to);
    if (!(bound < reached)) return false;
  }
  return bounds[edges.place_count] * (1 + kBoundMargin) < reached;
}

}  // namespace

ScaleWindow::ScaleWindow(const Group& group, const LevelSet& levels, bool by_sign, bool exact)
    : latent_(group.latent.data()),
      levels_(levels),
      width_(exact ? kExactWidth : kAlternatingWidth),
      parts_((group.latent.size() + kChunk - 1) / kChunk) {
  edges_.levels = levels.k();
  edges_.by_sign = by_sign;
  if (exact) {
    const BoundScales places = bound_scales_from(group.solver_state).value_or(first_bound_scales());
    edges_.place_count = static_cast<int>(places.size());
    std::copy(places.begin(), places.end(), edges_.places);
  }
  for (std::size_t s = 0; s < group.scales.size() && s < 2; ++s) {
    scale_[s] = group.scales[s];
    const auto per_scale = static_cast<float>(1 / scale_[s]);
    edges_.per_scale[s] = scale_[s] > 0 && std::isfinite(per_scale) ? per_scale : 0;
    if (edges_.per_scale[s] == 0) scale_[s] = 0;
  }
  for (int j = 0; j < levels.k(); ++j) {
    edges_.low[j] = static_cast<float>(levels.midpoint(j + 1) * (1 - width_));
    edges_.high[j] = static_cast<float>(levels.midpoint(j + 1) * (1 + width_));
    edges_.step[j] = levels.steps()[static_cast<std::size_t>(j) + 1];
  }
}

void ScaleWindow::add(std::size_t begin, std::size_t count, const float* curvature) {
  Part& part = parts_[begin / kChunk];
  Marks near;
  const float* w = latent_ + begin;
  look(edges_, w, curvature, count, near.of, part.sums);
  for_marked(near, count, [&](std::size_t i) {
    part.near[edges_.by_sign && w[i] < 0 ? 1 : 0].push_back(
        {std::abs(w[i]), curvature[i], near.of[i]});
  });
}

void ScaleWindow::close() {
  for (const auto& part : parts_) {
    total_.sums += part.sums;
    for (std::size_t s = 0; s < 2; ++s) {
      total_.near[s].insert(total_.near[s].end(), part.near[s].begin(), part.near[s].end());
    }
  }
}

double ScaleWindow::checksum() const {
  double sum = 0;
  for (const auto& above : total_.sums.above) sum += above.dqw + above.dqq;
  for (const auto& near : total_.near) {
    for (const auto& one : near) sum += static_cast<double>(one.a) + static_cast<double>(one.d);
  }
  return sum;
}

std::optional<LevelSums> ScaleWindow::sums(Side side, std::span<const float> thresholds,
                                           double alpha) const {
  const std::size_t s = index(side);
  if (scale_[s] <= 0 || std::abs(alpha / scale_[s] - 1) > width_ - kEdge) return std::nullopt;
  LevelSums sums = total_.sums.above[s];
  const auto step = levels_.steps();
  for (const auto& one : total_.near[s]) {
    const auto j = static_cast<std::size_t>(one.window);
    const double d = one.a > thresholds[j - 1] ? static_cast<double>(one.d) : 0;
    const double up = static_cast<double>(step[j]), down = static_cast<double>(step[j - 1]);
    sums += {d * (up - down) * static_cast<double>(one.a), d * (up * up - down * down)};
  }
  return sums;
}

std::optional<double> ScaleWindow::optimum(Side side) const {
  const std::size_t s = index(side);
  if (scale_[s] <= 0) return std::nullopt;
  const double low = 1 - width_ + kEdge, high = 1 + width_ - kEdge;
  LevelSums above = total_.sums.above[s];
  above.dqw /= scale_[s];
  std::vector<Event> events;
  for (const auto& one : total_.near[s]) {
    const double u = static_cast<double>(one.a) / scale_[s], d = static_cast<double>(one.d);
    if (2 * u > high) {
      above += {d * u, d};
    } else if (2 * u > low) {
      events.push_back({2 * u, {d * u, d}});
    }
  }
  WindowSearch search(events, low, high, above);
  if (!window_holds(edges_, total_.sums.bounds[s], search.low(), search.high(), search.gain()))
    return std::nullopt;
  return search.scale() * scale_[s];
}

}  // namespace laq::quant
