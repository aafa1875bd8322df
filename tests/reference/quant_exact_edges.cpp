#include <cmath>
#include <limits>

#include "support/methods.hpp"
#include "support/reference_solvers.hpp"
#include "support/scratch.hpp"
#include "support/solvers.hpp"

// The exact solvers where arithmetic is awkward.

using namespace laq;
using namespace laq::test;
using quant::LevelKind;
using quant::LevelSet;
using quant::Side;

namespace {

struct Named {
  std::string yaml;
  LevelSet levels;
};

const std::vector<Named>& level_sets() {
  static const std::vector<Named> all = {
      {"levels: ternary", LevelSet::make(LevelKind::ternary, 2)},
      {"levels: linear, bits: 3", LevelSet::make(LevelKind::linear, 3)},
      {"levels: log, bits: 3", LevelSet::make(LevelKind::log, 3)},
      {"levels: linear, bits: 5", LevelSet::make(LevelKind::linear, 5)},
      {"levels: log, bits: 8", LevelSet::make(LevelKind::log, 8)}};
  return all;
}

std::string yaml_of(const Named& set, const std::string& scaling) {
  return "{" + set.yaml + ", scaling: " + scaling + "}";
}

double total_of(const RandomGroup& group) {
  double total = 0;
  for (std::size_t i = 0; i < group.w.size(); ++i)
    total += static_cast<double>(group.d[i]) * static_cast<double>(group.w[i]) *
             static_cast<double>(group.w[i]);
  return total;
}

// A minimum that differs from the reference only by the rounding of sums.
void check_minimum(const RandomGroup& group, const Named& set) {
  const auto result = quantize(*quantizer_of(yaml_of(set, "symmetric")).method, group.group());
  const double best = minimum_over_breakpoints(group.weights(), group.curvature(), set.levels);
  const double total = total_of(group);
  REQUIRE(std::isfinite(total));
  CHECK(error_of(result, group, true) <= best + 1e-13 * total);
}

}  // namespace

TEST_CASE("each of two exact scales is the minimum of its sign alone", "[reference]") {
  for (const auto& set : level_sets()) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const std::size_t n = seed % 3 == 0 ? 5 : 400;
      RandomGroup group(n, seed, group_shapes()[seed % group_shapes().size()], 4);
      if (seed % 5 == 0) {
        for (auto& w : group.w) w = w < 0 ? 50 * w : w;  // scales far apart
      }
      const auto result = quantize(*quantizer_of(yaml_of(set, "asymmetric")).method, group.group());
      double best = 0;
      for (const bool positive : {true, false}) {
        std::vector<double> w, d;
        for (std::size_t i = 0; i < n; ++i) {
          if ((group.w[i] > 0) != positive) continue;
          w.push_back(static_cast<double>(group.w[i]));
          d.push_back(static_cast<double>(group.d[i]));
        }
        if (!w.empty()) best += minimum_over_breakpoints(w, d, set.levels);
      }
      INFO(set.yaml << ", seed " << seed);
      CHECK(error_of(result, group, true) <= best + 1e-13 * total_of(group));
    }
  }
}

TEST_CASE("exact with subnormal and huge magnitudes", "[reference]") {
  for (const auto& set : level_sets()) {
    for (const float size : {1e-44f, 1e-42f, 1e-38f, 1e-30f, 1e20f, 3e37f}) {
      for (const std::size_t n : {1u, 3u, 100u, 3000u}) {
        RandomGroup group(n, n, "uniform", 3);
        for (auto& w : group.w) w *= size;
        if (total_of(group) == 0) continue;
        INFO(set.yaml << ", size " << size << ", n = " << n);
        check_minimum(group, set);
      }
    }
    // All in one: from the smallest to the largest floats.
    RandomGroup group(200, 1, "uniform", 0);
    RandomStream stream(1, "test decades");
    for (auto& w : group.w) {
      w = (w < 0 ? -1.0f : 1.0f) * static_cast<float>(std::pow(10, 83 * stream.uniform() - 45));
    }
    INFO(set.yaml);
    check_minimum(group, set);
  }
}

TEST_CASE("exact with curvature over seventy decades", "[reference]") {
  for (const auto& set : level_sets()) {
    for (const std::size_t n : {3u, 100u, 3000u}) {
      RandomGroup group(n, n, "normal", 0);
      RandomStream stream(n, "test curvature");
      for (auto& d : group.d) d = static_cast<float>(std::pow(10, 70 * stream.uniform() - 35));
      INFO(set.yaml << ", n = " << n);
      check_minimum(group, set);
    }
  }
}

TEST_CASE("exact with weights on a coarse grid, so that many are tied", "[reference]") {
  for (const auto& set : level_sets()) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      RandomGroup group(1 + 13 * seed, seed, "uniform", seed % 2 ? 0 : 3);
      for (auto& w : group.w) w = std::round(w * 4) / 4;
      INFO(set.yaml << ", seed " << seed);
      check_minimum(group, set);
    }
  }
}

TEST_CASE("exact: one weight, equal weights, no weight", "[reference]") {
  constexpr double kRounding = 100 * std::numeric_limits<double>::epsilon();
  for (const auto& set : level_sets()) {
    for (const std::size_t n : {1u, 2u, 10u, 1000u}) {
      for (const double decades : {0.0, 6.0}) {
        const RandomGroup group(n, n, "equal", decades);
        const auto result =
            quantize(*quantizer_of(yaml_of(set, "symmetric")).method, group.group());
        INFO(set.yaml << ", n = " << n << ", decades " << decades);
        CHECK(result.values == group.w);
        // Linear and log codes could share a divisor; the smallest of these scales uses level 1.
        CHECK(result.step.scales[0] == Approx(0.25).epsilon(kRounding));
      }
    }
    for (const Side side : {Side::both, Side::positive, Side::negative}) {
      const std::vector<float> zeros(100, 0.0f);
      CHECK(exact_scale({zeros, {}, {}, {}}, side, set.levels) == 0);
    }
  }
}

TEST_CASE("exact: among equal minima the smallest scale, in large groups too", "[reference]") {
  for (const auto& set : level_sets()) {
    const RandomGroup group(50000, 1, "equal", 3);
    const auto result = quantize(*quantizer_of(yaml_of(set, "symmetric")).method, group.group());
    INFO(set.yaml);
    CHECK(result.step.scales[0] == Approx(0.25).epsilon(1e-10));
  }
}
