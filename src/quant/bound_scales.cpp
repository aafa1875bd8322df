#include "quant/bound_scales.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "quant/gain.hpp"

namespace laq::quant {
namespace {

// What a bound must stay below the optimum's gain, relative: the sums' own margin and some more.
constexpr double kClear = 2e-5;
// How near to the farthest a place may be when one more would do.
constexpr double kSlack = 0.7;
// Scales further out are left to the tail's bound.
constexpr double kFarthest = 16;

// H of one side in units of its scale, and the gain there, from bins.
class Curve {
 public:
  explicit Curve(const SideOptimum& side) : bins_(*side.bins), scale_(side.scale) {
    squares_.resize(static_cast<std::size_t>(bins_.count()) + 1);
    for (int b = bins_.count() - 1; b >= 0; --b) {
      const Mass& mass = bins_.inside(b);
      const double square = mass.d > 0 ? mass.da / mass.d * mass.da : 0;
      squares_[static_cast<std::size_t>(b)] = squares_[static_cast<std::size_t>(b) + 1] + square;
    }
    reached_ = h(1) * (1 - kClear);
  }

  bool rules_out(double low, double high) const {
    return chord_bound({low, h(low)}, {high, h(high)}) < reached_;
  }

  // Σ d m max(0, 2u − m), m = max(u, x): no scale above x gains more.
  bool tail_is_low(double x) const {
    const Mass& above = bins_.from(bin(x / 2) + 1);
    const Mass& far = bins_.from(bin(x) + 1);
    const double far_da = far.da / scale_;
    const double near = 2 * (above.da / scale_ - far_da) - x * (above.d - far.d);
    const double square = squares_[static_cast<std::size_t>(bin(x)) + 1] / scale_ / scale_;
    return x * near + square < reached_ * kTailClear;
  }

 private:
  static constexpr double kTailClear = 0.9;  // the last bin's square is only estimated

  int bin(double u) const { return bins_.bin(static_cast<float>(u * scale_)); }
  double h(double x) const {
    const int b = bin(x / 2);
    const Mass &above = bins_.from(b + 1), &inside = bins_.inside(b);
    return 2 * above.da / scale_ - x * above.d +
           std::max(0.0, 2 * inside.da / scale_ - x * inside.d);
  }

  const MagnitudeBins& bins_;
  double scale_;
  double reached_;
  std::vector<double> squares_;  // Σ d a² from a bin on
};

class Chooser {
 public:
  Chooser(std::span<const SideOptimum> sides, double width)
      : curves_(sides.begin(), sides.end()), width_(width) {}

  // `count` places, each at `stretch` of the way to the farthest that a chord still rules out;
  // nothing when they are too few.
  std::optional<BoundScales> places(double stretch, std::size_t count) const {
    std::vector<double> found = {0};
    const auto advance = [&](double& x, double limit) {
      x += stretch * (farthest(x, limit) - x);
      found.push_back(x);
      return found.size() <= count;
    };
    for (double x = 1 - width_; !ruled_out(0, x);) {
      if (!advance(x, 0)) return std::nullopt;
    }
    double x = 1 + width_;
    do {
      if (!advance(x, kFarthest)) return std::nullopt;
    } while (x < kFarthest && !tail_is_low(x));
    while (found.size() < count) found.push_back(x *= 2);  // more than needed
    std::sort(found.begin(), found.end());
    return BoundScales(found.begin(), found.end());
  }

 private:
  bool ruled_out(double low, double high) const {
    return std::all_of(curves_.begin(), curves_.end(),
                       [&](const Curve& curve) { return curve.rules_out(low, high); });
  }
  bool tail_is_low(double x) const {
    return std::all_of(curves_.begin(), curves_.end(),
                       [&](const Curve& curve) { return curve.tail_is_low(x); });
  }
  double farthest(double from, double limit) const {
    double holds = from, fails = limit;
    for (int i = 0; i < 20; ++i) {
      const double middle = (holds + fails) / 2;
      const bool fine = limit < from ? ruled_out(middle, from) : ruled_out(from, middle);
      (fine ? holds : fails) = middle;
    }
    return holds;
  }

  std::vector<Curve> curves_;
  double width_;
};

}  // namespace

BoundScales first_bound_scales() {
  return {0, 0.5f, 0.75f, 0.875f, 0.96875f, 1.03125f, 1.125f, 1.5f, 2.5f};
}

std::vector<double> carry(const BoundScales& bounds) {
  std::vector<double> solver_state(bounds.begin(), bounds.end());
  solver_state.resize(kMostPlaces);
  return solver_state;
}

std::optional<BoundScales> bound_scales_from(std::span<const double> solver_state) {
  while (!solver_state.empty() && solver_state.back() == 0)
    solver_state = solver_state.first(solver_state.size() - 1);
  const bool ascending = std::adjacent_find(solver_state.begin(), solver_state.end(),
                                            std::greater_equal<>()) == solver_state.end();
  const bool known = std::find(std::begin(kPlaceCounts), std::end(kPlaceCounts),
                               static_cast<int>(solver_state.size())) != std::end(kPlaceCounts);
  if (!known || solver_state.front() != 0 || !(solver_state.back() > 1) || !ascending) {
    return std::nullopt;  // bounds would not cover all scales
  }
  return BoundScales(solver_state.begin(), solver_state.end());
}

std::optional<BoundScales> choose_bound_scales(std::span<const SideOptimum> sides, double width) {
  for (const auto& side : sides) {
    if (!(side.scale > 0)) return std::nullopt;
  }
  const Chooser chooser(sides, width);
  for (const int count : kPlaceCounts) {
    const auto places = [&](double stretch) {
      return chooser.places(stretch, static_cast<std::size_t>(count));
    };
    double too_short = 0.25, enough = count < kMostPlaces ? kSlack : 1;
    std::optional<BoundScales> best = places(enough);
    for (int i = 0; i < 6 && best; ++i) {
      const double middle = (too_short + enough) / 2;
      const auto found = places(middle);
      if (found) best = found;
      (found ? enough : too_short) = middle;
    }
    if (best) return best;
  }
  return std::nullopt;
}

}  // namespace laq::quant
