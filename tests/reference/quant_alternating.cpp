#include <algorithm>
#include <cmath>

#include "support/random_group.hpp"
#include "support/reference_solvers.hpp"
#include "support/scratch.hpp"
#include "support/solvers.hpp"

using namespace laq;
using namespace laq::test;
using quant::LevelKind;
using quant::LevelSet;
using quant::Side;

namespace {

const std::vector<Side> kSides = {Side::both, Side::positive, Side::negative};

std::vector<LevelSet> level_sets() {
  std::vector<LevelSet> sets = {LevelSet::make(LevelKind::ternary, 2)};
  for (int bits = 2; bits <= 5; ++bits) {
    sets.push_back(LevelSet::make(LevelKind::linear, bits));
    sets.push_back(LevelSet::make(LevelKind::log, bits));
  }
  return sets;
}

std::vector<int> codes_of(const RandomGroup& group, Side side, const LevelSet& levels,
                          double alpha) {
  const auto thresholds = quant::scaled_thresholds(levels, alpha);
  std::vector<int> codes;
  for (const float w : group.w) {
    const bool covered = side == Side::both || (w > 0) == (side == Side::positive);
    const auto above = std::lower_bound(thresholds.begin(), thresholds.end(), std::abs(w));
    const int code = alpha > 0 && covered ? static_cast<int>(above - thresholds.begin()) : 0;
    codes.push_back(w < 0 ? -code : code);
  }
  return codes;
}

// Σ d (w − α q)² where w belongs to the side.
double side_objective(const RandomGroup& group, Side side, const LevelSet& levels,
                      const std::vector<int>& codes, double alpha) {
  double sum = 0;
  for (std::size_t i = 0; i < group.w.size(); ++i) {
    if (side != Side::both && (group.w[i] > 0) != (side == Side::positive) && codes[i] == 0)
      continue;
    const double error = static_cast<double>(group.w[i]) - alpha * levels.level(codes[i]);
    sum += static_cast<double>(group.d[i]) * error * error;
  }
  return sum;
}

double best_scale(const RandomGroup& group, const LevelSet& levels, const std::vector<int>& codes) {
  double dqw = 0, dqq = 0;
  for (std::size_t i = 0; i < group.w.size(); ++i) {
    const double q = levels.level(codes[i]);
    dqw += static_cast<double>(group.d[i]) * q * static_cast<double>(group.w[i]);
    dqq += static_cast<double>(group.d[i]) * q * q;
  }
  return dqq > 0 ? dqw / dqq : 0;
}

template <typename Check>
void for_groups(const Check& check) {
  for (const auto& levels : level_sets()) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      for (const Side side : kSides) {
        const std::size_t n = 1 + (seed * 37) % 500;
        const RandomGroup group(n, seed, group_shapes()[seed % group_shapes().size()],
                                static_cast<double>(seed % 4));
        INFO("k = " << levels.k() << ", log " << (levels.level(1) * levels.k() < 1) << ", seed "
                    << seed << ", n = " << n << ", side " << static_cast<int>(side));
        check(levels, group, side, seed);
      }
    }
  }
}

constexpr double kStop = 1e-6;

}  // namespace

TEST_CASE("alternating from TWN's codes is the plain algorithm", "[reference]") {
  int several_rounds = 0;
  for_groups([&](const LevelSet& levels, const RandomGroup& group, Side side, std::uint64_t) {
    std::vector<int> codes = twn_codes(group.weights(), levels, side);
    int rounds = 0;
    const double alpha = alternate(group.weights(), group.curvature(), levels, side, codes, rounds);
    const auto result = test::alternating_scale(group.group(), side, levels);
    CHECK(result.alpha == Approx(alpha).epsilon(1e-12));
    CHECK(codes_of(group, side, levels, result.alpha) == codes);
    if (alpha > 0) CHECK(result.rounds == rounds);
    several_rounds += rounds > 3 ? 1 : 0;
  });
  CHECK(several_rounds > 100);
}

TEST_CASE("alternating from the previous codes is the plain algorithm", "[reference]") {
  for_groups([&](const LevelSet& levels, const RandomGroup& group, Side side, std::uint64_t seed) {
    // Codes of weights that then moved, some through zero.
    RandomGroup before = group;
    RandomStream stream(seed, "test moves");
    for (auto& w : before.w) w += static_cast<float>(0.1 * stream.normal());
    const double scale = test::alternating_scale(before.group(), side, levels).alpha;
    std::vector<int> codes = codes_of(before, side, levels, scale);
    std::vector<float> previous;
    for (const int code : codes) previous.push_back(static_cast<float>(scale * levels.level(code)));
    if (best_scale(group, levels, codes) <= 0) return;  // nothing to start from
    quant::Group here = group.group();
    here.previous = previous;
    here.scales = {side == Side::negative ? 0 : scale, side == Side::negative ? scale : 0};
    int rounds = 0;
    const double alpha = alternate(group.weights(), group.curvature(), levels, side, codes, rounds);
    const auto result = test::alternating_scale(here, side, levels);
    // The previous ŵ are floats, so that the first α is good to their rounding.
    CHECK(result.alpha == Approx(alpha).epsilon(std::numeric_limits<float>::epsilon()));
    CHECK(codes_of(group, side, levels, result.alpha) == codes);
    CHECK(result.rounds == rounds);
  });
}

TEST_CASE("alternating stops after ten rounds or when nothing moves", "[reference]") {
  for_groups([&](const LevelSet& levels, const RandomGroup& group, Side side, std::uint64_t) {
    const auto result = test::alternating_scale(group.group(), side, levels);
    CHECK(result.rounds >= 1);
    CHECK(result.rounds <= 10);
    if (!result.converged) CHECK(result.rounds == 10);
    if (result.converged && result.alpha > 0) {
      const auto codes = codes_of(group, side, levels, result.alpha);
      CHECK(best_scale(group, levels, codes) == Approx(result.alpha).margin(10 * kStop));
    }
  });
}

TEST_CASE("exact is no worse than alternating, which is no worse than its start", "[reference]") {
  int better = 0;
  for_groups([&](const LevelSet& levels, const RandomGroup& group, Side side, std::uint64_t seed) {
    const auto cost = [&](double alpha, const std::vector<int>& codes) {
      return side_objective(group, side, levels, codes, alpha);
    };
    const std::vector<int> none(group.w.size(), 0);
    const double total = cost(0, none);
    const double rounding = 1e-13 * total;
    const double exact = exact_scale(group.group(), side, levels);
    const double best = cost(exact, codes_of(group, side, levels, exact));
    std::vector<int> starts[2] = {twn_codes(group.weights(), levels, side), none};
    RandomStream stream(seed, "test start");
    for (auto& code : starts[1])
      code = static_cast<int>(stream.below(static_cast<std::uint64_t>(levels.k()) + 1));
    for (std::size_t i = 0; i < none.size(); ++i) {
      const bool covered = side == Side::both || (group.w[i] > 0) == (side == Side::positive);
      starts[1][i] = covered ? (group.w[i] < 0 ? -starts[1][i] : starts[1][i]) : 0;
    }
    for (const auto& start : starts) {
      const double first = best_scale(group, levels, start);
      if (first <= 0) continue;
      std::vector<float> previous;
      for (const int code : start)
        previous.push_back(static_cast<float>(first * levels.level(code)));
      quant::Group here = group.group();
      here.previous = previous;
      here.scales = {side == Side::negative ? 0 : first, side == Side::negative ? first : 0};
      const double alpha = test::alternating_scale(here, side, levels).alpha;
      const double alternated = cost(alpha, codes_of(group, side, levels, alpha));
      // Rounding ŵ to float moves α by 2⁻²⁴ at most, which is squared here.
      CHECK(alternated <= cost(first, start) + rounding);
      CHECK(best <= alternated + rounding);
      better += best < alternated - 1e-3 * total ? 1 : 0;
    }
  });
  CHECK(better > 50);  // the two solvers are not the same thing
}
