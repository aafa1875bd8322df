#include <cmath>
#include <limits>

#include "quant/levels.hpp"
#include "quant/sums.hpp"
#include "support/scratch.hpp"

using namespace laq::quant;

namespace {

std::vector<double> magnitudes(const LevelSet& set) {
  std::vector<double> all;
  for (int j = 0; j <= set.k(); ++j) all.push_back(set.level(j));
  return all;
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("the level sets of the paper", "[quant]") {
  const LevelSet binary = LevelSet::make(LevelKind::binary, 2);
  CHECK_FALSE(binary.has_zero());
  CHECK(binary.k() == 1);
  CHECK(binary.level(1) == 1);
  CHECK(binary.level(-1) == -1);
  CHECK(magnitudes(LevelSet::make(LevelKind::ternary, 2)) == std::vector<double>{0, 1});
  CHECK(magnitudes(LevelSet::make(LevelKind::linear, 3)) ==
        std::vector<double>{0, 1.0 / 3, 2.0 / 3, 1});
  CHECK(magnitudes(LevelSet::make(LevelKind::log, 3)) == std::vector<double>{0, 0.25, 0.5, 1});
  CHECK(LevelSet::make(LevelKind::log, 3).level(-2) == -0.5);
  CHECK(magnitudes(LevelSet::make(LevelKind::log, 4)) ==
        std::vector<double>{0, 1.0 / 64, 1.0 / 32, 1.0 / 16, 1.0 / 8, 0.25, 0.5, 1});
  for (int bits = 2; bits <= 8; ++bits) {
    for (const auto kind : {LevelKind::linear, LevelKind::log}) {
      const LevelSet set = LevelSet::make(kind, bits);
      CHECK(set.k() == (1 << (bits - 1)) - 1);
      CHECK(set.level(set.k()) == 1);
      CHECK(set.has_zero());
    }
  }
}

TEST_CASE("two bits are the ternary set", "[quant]") {
  const LevelSet ternary = LevelSet::make(LevelKind::ternary, 2);
  for (const auto kind : {LevelKind::linear, LevelKind::log}) {
    const LevelSet set = LevelSet::make(kind, 2);
    CHECK(magnitudes(set) == magnitudes(ternary));
    CHECK(set.midpoint(1) == ternary.midpoint(1));
    CHECK(std::equal(set.steps().begin(), set.steps().end(), ternary.steps().begin(),
                     ternary.steps().end()));
    CHECK(set.unit() == 1);
  }
}

TEST_CASE("midpoints lie half-way and steps are levels in exact units", "[quant]") {
  for (int bits = 2; bits <= 8; ++bits) {
    for (const auto kind : {LevelKind::ternary, LevelKind::linear, LevelKind::log}) {
      const LevelSet set = LevelSet::make(kind, bits);
      REQUIRE(set.steps().size() == static_cast<std::size_t>(set.k() + 1));
      for (int j = 1; j <= set.k(); ++j) {
        const auto at = static_cast<std::size_t>(j);
        CHECK(set.midpoint(j) == (set.level(j) + set.level(j - 1)) / 2);
        CHECK(static_cast<double>(set.steps()[at]) * set.unit() ==
              Approx(set.level(j)).epsilon(std::numeric_limits<double>::epsilon()));
      }
    }
  }
}

TEST_CASE("thresholds are rounded so that comparing floats is exact", "[quant]") {
  constexpr double kBetween = 1.0 + 1e-10;  // between 1 and the next float
  const float next = std::nextafter(1.0f, 2.0f);
  CHECK(floor_to_float(1.0) == 1.0f);
  CHECK(floor_to_float(kBetween) == 1.0f);
  CHECK(ceil_to_float(kBetween) == next);
  CHECK(floor_to_float(-kBetween) == -next);
  CHECK(ceil_to_float(-kBetween) == -1.0f);
  CHECK(floor_to_float(1e300) == std::numeric_limits<float>::max());
  CHECK(ceil_to_float(1e300) == kInfinity);
  CHECK(floor_to_float(1e-60) == 0.0f);
  CHECK(ceil_to_float(1e-60) == std::numeric_limits<float>::denorm_min());
  CHECK(floor_to_float(-1e-60) == -std::numeric_limits<float>::denorm_min());
  CHECK(floor_to_float(std::numeric_limits<double>::infinity()) == kInfinity);
  for (const double x : {0.0, 0.3, -0.3, 1.0, -1.0, kBetween, 1e-60, -1e-60, 1e-40}) {
    const auto near = static_cast<float>(x);
    for (const float w :
         {std::nextafter(near, -kInfinity), near, std::nextafter(near, kInfinity)}) {
      INFO("x = " << x << ", w = " << w);
      CHECK((w > floor_to_float(x)) == (static_cast<double>(w) > x));
      CHECK((w > threshold_at_least(x)) == (static_cast<double>(w) >= x));
    }
  }
}

TEST_CASE("a step function is read at and beside its thresholds", "[quant]") {
  const Codebook step{{-1, 0.5f}, {-2, 0.25, 3}, {-1, 0, 1}, {1}, 0, true};
  const std::vector<float> w = {
      -kInfinity, -1, std::nextafter(-1.0f, 0.0f), 0.5f, std::nextafter(0.5f, 1.0f), kInfinity};
  std::vector<float> out(w.size());
  std::vector<int> codes(w.size());
  apply(step, w, out);
  encode(step, w, codes);
  CHECK(out == std::vector<float>{-2, -2, 0.25f, 0.25f, 3, 3});
  CHECK(codes == std::vector<int>{-1, -1, 0, 0, 1, 1});
  CHECK(objective(std::vector<float>{1, 2, -1}, std::vector<float>{2, 0.5f, 1},
                  std::vector<float>{0.5f, 0, -1}) == 2 * 0.25 + 0.5 * 4);
  CHECK(objective(std::vector<float>{1, 2}, {}, std::vector<float>{0, 0}) == 5);
}
