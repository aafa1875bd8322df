#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "core/parallel.hpp"
#include "quant/bound_scales.hpp"
#include "quant/scale_window.hpp"
#include "support/methods.hpp"
#include "support/random_group.hpp"
#include "support/solvers.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::quant;

namespace {

ScaleWindow filled(const Group& group, const LevelSet& levels, bool by_sign, bool exact) {
  ScaleWindow window(group, levels, by_sign, exact);
  for_cache_blocks(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    window.add(begin, count, curvature_at(group, begin));
  });
  window.close();
  return window;
}

std::vector<Side> sides(bool by_sign) {
  return by_sign ? std::vector{Side::positive, Side::negative} : std::vector{Side::both};
}

const std::vector<std::size_t> kLengths = {1, 7, 255, 256, 257, 1000, kChunk, 2 * kChunk + 33};

}  // namespace

TEST_CASE("a window's sums are those of a whole pass", "[reference]") {
  const std::vector<LevelSet> sets = {
      LevelSet::make(LevelKind::ternary, 2), LevelSet::make(LevelKind::linear, 3),
      LevelSet::make(LevelKind::log, 3), LevelSet::make(LevelKind::linear, 4),
      LevelSet::make(LevelKind::log, 4)};
  for (const auto& levels : sets) {
    for (const std::size_t n : kLengths) {
      for (const bool by_sign : {false, true}) {
        const RandomGroup random(n, n, group_shapes()[n % group_shapes().size()], 9);
        Group group = random.group();
        group.scales = by_sign ? std::vector{0.5, 0.3} : std::vector{0.5};
        const ScaleWindow window = filled(group, levels, by_sign, false);
        for (const Side side : sides(by_sign)) {
          const double scale = side == Side::negative ? 0.3 : 0.5;
          for (const double factor : {0.99806, 0.999, 1.0, 1.0001, 1.0019}) {
            const double alpha = factor * scale;
            const auto sums = window.sums(side, scaled_thresholds(levels, alpha), alpha);
            REQUIRE(sums);
            const LevelSums whole =
                level_sums(group, side, levels.steps(), scaled_thresholds(levels, alpha));
            INFO("k = " << levels.k() << ", n = " << n << ", factor " << factor);
            CHECK(sums->dqw == Approx(whole.dqw).epsilon(1e-12));
            CHECK(sums->dqq == Approx(whole.dqq).epsilon(1e-12));
          }
          CHECK_FALSE(window.sums(side, scaled_thresholds(levels, 0.998 * scale), 0.998 * scale));
          CHECK_FALSE(window.sums(side, scaled_thresholds(levels, 1.002 * scale), 1.002 * scale));
        }
      }
    }
  }
}

TEST_CASE("a window's optimum is the global one, or it says that it cannot tell", "[reference]") {
  const LevelSet levels = LevelSet::make(LevelKind::ternary, 2);
  int told = 0, not_told = 0;
  for (const auto& shape : group_shapes()) {
    for (const std::size_t n : kLengths) {
      for (const double decades : {0.0, 3.0, 9.0}) {
        for (const bool by_sign : {false, true}) {
          const RandomGroup random(n, n, shape, decades);
          Group group = random.group();
          std::vector<double> best;
          for (const Side side : sides(by_sign))
            best.push_back(test::exact_scale(group, side, levels));
          for (const double factor : {0.5, 0.99, 0.996, 1.0, 1.003, 1.05, 3.0}) {
            group.scales.clear();
            for (const double scale : best) group.scales.push_back(factor * scale);
            const ScaleWindow window = filled(group, levels, by_sign, true);
            for (std::size_t s = 0; s < best.size(); ++s) {
              const auto found = window.optimum(sides(by_sign)[s]);
              ++(found ? told : not_told);
              INFO(shape << ", n = " << n << ", decades " << decades << ", factor " << factor);
              // A weight of little curvature may be on either side of an optimum that is flat.
              if (found) CHECK(*found == Approx(best[s]).epsilon(1e-9));
            }
          }
        }
      }
    }
  }
  CHECK(told > 100);
  CHECK(not_told > 100);
}

// Otherwise every step of a trained network would need the full search: several times as slow.
TEST_CASE("a window tells the optimum of many weights after a step's drift", "[reference]") {
  const LevelSet levels = LevelSet::make(LevelKind::ternary, 2);
  for (const auto& shape : {"normal", "uniform", "laplace", "sparse"}) {
    for (const double decades : {0.0, 2.0}) {
      const RandomGroup random(100'000, 1, shape, decades);
      Group group = random.group();
      const double best = test::exact_scale(group, Side::both, levels);
      for (const double drift : {0.9997, 1.0, 1.0003}) {
        group.scales = {drift * best};
        INFO(shape << ", decades " << decades << ", drift " << drift);
        CHECK(filled(group, levels, false, true).optimum(Side::both));
      }
    }
  }
}

// As in mid-training, when the gain hardly falls over a wide range of scales.
TEST_CASE("where the first bounds fail, those chosen by a whole search hold", "[reference]") {
  const LevelSet levels = LevelSet::make(LevelKind::ternary, 2);
  for (const bool by_sign : {false, true}) {
    const RandomGroup random(100'000, 1, "mixed");
    Group group = random.group();
    const Codebook whole = quant::fit(*method(by_sign ? "lat2e" : "late").quantizer, group);
    REQUIRE(whole.solver_state.size() == kMostPlaces);
    for (const double drift : {0.997, 0.9997, 1.0, 1.0003, 1.003}) {
      group.scales.clear();
      for (const double scale : whole.scales) group.scales.push_back(drift * scale);
      for (std::size_t s = 0; s < whole.scales.size(); ++s) {
        const Side side = sides(by_sign)[s];
        INFO("by sign " << by_sign << ", side " << s << ", drift " << drift);
        group.solver_state.clear();
        CHECK_FALSE(filled(group, levels, by_sign, true).optimum(side));
        group.solver_state = whole.solver_state;
        const auto found = filled(group, levels, by_sign, true).optimum(side);
        REQUIRE(found);
        CHECK(*found == Approx(whole.scales[s]).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("places of bounds ascend from 0 to above 1, around the window", "[reference]") {
  for (const auto& shape : {"normal", "uniform", "laplace", "sparse", "mixed"}) {
    for (const char* name : {"late", "lat2e"}) {
      const RandomGroup random(100'000, 1, shape);
      const auto places =
          bound_scales_from(quant::fit(*method(name).quantizer, random.group()).solver_state);
      INFO(shape << " " << name);
      REQUIRE(places);
      CHECK(places->front() == 0);
      CHECK(places->back() > 1);
      CHECK(std::adjacent_find(places->begin(), places->end(), std::greater_equal<>()) ==
            places->end());
      for (const float x : *places) {
        CHECK(std::abs(static_cast<double>(x) - 1) > ScaleWindow::kExactWidth);
      }
    }
  }
}

TEST_CASE("no places are chosen where none help", "[reference]") {
  // Two scales of the same gain: (n/2)² / (n/2) = (n/2 (1 + t))² / n.
  std::vector<float> w(2 * kChunk, 1.0f);
  std::fill(w.begin() + kChunk, w.end(), static_cast<float>(std::sqrt(2.0) - 1));
  CHECK(quant::fit(*method("late").quantizer, {w, {}, {}, {}}).solver_state.empty());
  // A small group is searched as a whole in less time than a choice takes; others need none.
  w.resize(1000);
  CHECK(quant::fit(*method("late").quantizer, {w, {}, {}, {}}).solver_state.empty());
  const RandomGroup random(50'000, 1);
  for (const char* name : {"lata", "twn", "lab", "laq3_linear", "ttq"}) {
    CHECK(method(name).quantizer->solver_state_size() == 0);
    CHECK(quant::fit(*method(name).quantizer, random.group()).solver_state.empty());
  }
  // Places that do not cover all scales are not used.
  const BoundScales good = {0, 0.5, 0.7f, 0.9f, 1.1f, 1.3f, 1.5f};
  CHECK(bound_scales_from(carry(good)) == good);
  CHECK_FALSE(bound_scales_from({}));
  CHECK_FALSE(bound_scales_from(std::vector<double>(kMostPlaces, 0.0)));
  CHECK_FALSE(bound_scales_from(carry({0, 0.5, 1.1f, 1.3f})));
  CHECK_FALSE(bound_scales_from(carry({0.1f, 0.5, 0.9f, 1.1f, 1.3f})));
  CHECK_FALSE(bound_scales_from(carry({0, 0.5, 0.7f, 0.9f, 0.95f})));
  CHECK_FALSE(bound_scales_from(carry({0, 0.5, 1.1f, 0.9f, 1.3f})));
}

TEST_CASE("a window shows what is not finite", "[reference]") {
  const LevelSet levels = LevelSet::make(LevelKind::ternary, 2);
  for (const bool in_weight : {true, false}) {
    for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
      for (const std::size_t at : {std::size_t{0}, std::size_t{300}, kChunk + 1}) {
        RandomGroup random(kChunk + 2, 1);
        (in_weight ? random.w : random.d)[at] = static_cast<float>(bad);
        Group group = random.group();
        group.scales = {0.5};
        CHECK_FALSE(std::isfinite(filled(group, levels, false, true).checksum()));
      }
    }
  }
}
