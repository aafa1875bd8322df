#include <catch2/catch.hpp>

#include "support/random_group.hpp"
#include "support/reference_solvers.hpp"
#include "support/solvers.hpp"

using namespace laq;
using namespace laq::test;
using quant::LevelKind;
using quant::LevelSet;
using quant::Side;

namespace {

// Objective reached by the exact scale with each weight at its nearest level.
double exact_objective(const RandomGroup& group, const LevelSet& levels) {
  const double alpha = exact_scale(group.group(), Side::both, levels);
  double sum = 0;
  for (std::size_t i = 0; i < group.w.size(); ++i) {
    const double a = std::abs(static_cast<double>(group.w[i]));
    double best = a * a;
    for (int j = 1; j <= levels.k(); ++j) {
      const double error = a - alpha * levels.level(j);
      best = std::min(best, error * error);
    }
    sum += static_cast<double>(group.d[i]) * best;
  }
  return sum;
}

std::vector<LevelSet> level_sets() {
  return {LevelSet::make(LevelKind::ternary, 2), LevelSet::make(LevelKind::linear, 3),
          LevelSet::make(LevelKind::log, 3), LevelSet::make(LevelKind::linear, 4),
          LevelSet::make(LevelKind::log, 4)};
}

}  // namespace

TEST_CASE("exact scale equals the minimum over all codes of a few weights", "[reference]") {
  for (const auto& levels : level_sets()) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const std::size_t n = 1 + seed % (levels.k() > 3 ? 3 : 5);
      const RandomGroup group(n, seed, group_shapes()[seed % group_shapes().size()], 6);
      const double best = minimum_over_all_codes(group.weights(), group.curvature(), levels);
      const double total =
          objective_of(group.weights(), group.curvature(), levels, std::vector<int>(n, 0), 0);
      INFO("k = " << levels.k() << ", seed " << seed);
      CHECK(exact_objective(group, levels) <= best + 1e-13 * total);
    }
  }
}

TEST_CASE("exact scale equals the minimum over all breakpoints", "[reference]") {
  for (const auto& levels : level_sets()) {
    for (const auto& shape : group_shapes()) {
      for (const std::size_t n : {7u, 64u, 1000u, 20000u}) {
        for (const double decades : {0.0, 3.0, 9.0}) {
          const RandomGroup group(n, n, shape, decades);
          const double best = minimum_over_breakpoints(group.weights(), group.curvature(), levels);
          const double total =
              objective_of(group.weights(), group.curvature(), levels, std::vector<int>(n, 0), 0);
          INFO(shape << ", n = " << n << ", k = " << levels.k() << ", decades " << decades);
          CHECK(exact_objective(group, levels) <= best * (1 + 1e-9) + 1e-13 * total);
        }
      }
    }
  }
}

TEST_CASE("100 000 weights, d over nine decades: within 1e-6 of the optimum", "[reference]") {
  for (int bits = 2; bits <= 8; ++bits) {
    for (const LevelKind kind : {LevelKind::linear, LevelKind::log}) {
      const LevelSet levels = LevelSet::make(kind, bits);
      const RandomGroup group(100000, static_cast<std::uint64_t>(bits), "normal", 9);
      const double best = minimum_over_breakpoints(group.weights(), group.curvature(), levels);
      INFO("bits " << bits);
      CHECK(exact_objective(group, levels) <= best * (1 + 1e-6));
      CHECK(exact_objective(group, levels) >= best * (1 - 1e-6));
    }
  }
}
