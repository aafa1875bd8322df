#include <fmt/format.h>

#include <cmath>

#include "support/methods.hpp"
#include "support/scratch.hpp"

// Every row of the table in docs/methods.md on a few weights, worked by hand.

using namespace laq;
using namespace laq::test;

namespace {

Quantized by(const std::string& name, const Floats& w, const Floats& d = {}) {
  return quantize(*method(name).quantizer, {w, d, {}, {}});
}

Approx near(double x) {
  return Approx(x).epsilon(kRounding);
}

}  // namespace

TEST_CASE("BinaryConnect is the sign, +1 at zero", "[quant]") {
  const auto result = by("binaryconnect", {-0.5f, 0, 0.25f, -0.0f, 1e-30f, -1e-30f});
  CHECK(result.values == Floats{-1, 1, 1, 1, 1, -1});
  CHECK(result.codes == Codes{-1, 1, 1, 1, 1, -1});
  CHECK(result.step.scales == Scales{1});
}

TEST_CASE("BWN scales the signs by mean |w|, LAB by the mean weighted with d", "[quant]") {
  const Floats w = {0.5f, -0.25f, 0.75f, 0}, d = {1, 2, 4, 1};
  const auto bwn = by("bwn", w, d);
  CHECK(bwn.step.scales == Scales{0.375});
  CHECK(bwn.values == Floats{0.375f, -0.375f, 0.375f, 0.375f});
  const auto lab = by("lab", w, d);  // (0.5 + 0.5 + 3) / 8
  CHECK(lab.step.scales == Scales{0.5});
  CHECK(lab.values == Floats{0.5f, -0.5f, 0.5f, 0.5f});
  CHECK(by("lab", w).step.scales == by("bwn", w).step.scales);  // uniform d
}

TEST_CASE("two binary scales are the means of each sign, zeros positive", "[quant]") {
  const std::string lab2 = "{levels: binary, scaling: asymmetric}";
  const auto result = quantize(lab2, {0.5f, -0.25f, 0.75f, 0}, {1, 2, 4, 2});
  CHECK(result.step.scales == Scales{3.5 / 7, 0.25});
  CHECK(result.values == Floats{0.5f, -0.25f, 0.5f, 0.5f});
  CHECK(quantize(lab2, {0.5f, 1.5f}).step.scales == Scales{1, 0});
  CHECK(quantize(lab2, {-0.5f, -1.5f}).step.scales == Scales{0, 1});
}

TEST_CASE("TWN's threshold is 0.7 mean |w|", "[quant]") {
  const auto result = by("twn", {1, -0.5f, 0.25f, -0.25f, 0});  // mean 0.4, threshold 0.28
  CHECK(result.codes == Codes{1, -1, 0, 0, 0});
  CHECK(result.step.scales == Scales{0.75});
  CHECK(result.values == Floats{0.75f, -0.75f, 0, 0, 0});
  // d is not used.
  CHECK(by("twn", {1, -0.5f, 0.25f, -0.25f, 0}, {1, 2, 3, 4, 5}).step.scales == Scales{0.75});
  // Two scales: the same threshold for both signs.
  const auto two =
      quantize("{levels: ternary, scaling: asymmetric, curvature: none, solver: heuristic}",
               {1, -0.5f, 0.25f, -0.25f, 0});
  CHECK(two.step.scales == Scales{1, 0.5});
}

TEST_CASE("LATe is the best number of weights", "[quant]") {
  // S²/D for 1, 2, 3 weights: 1, 1.53125, 1.33.
  const auto uniform = by("late", {1, -0.75f, 0.25f});
  CHECK(uniform.step.scales == Scales{0.875});
  CHECK(uniform.codes == Codes{1, -1, 0});
  // With d = (1, 4, 1): 1, 16/5, 18.0625/6.
  const auto weighted = by("late", {1, -0.75f, 0.25f}, {1, 4, 1});
  CHECK(weighted.step.scales[0] == near(0.8));
  CHECK(weighted.codes == Codes{1, -1, 0});
  // Everything nonzero is a candidate too.
  CHECK(by("late", {1, -0.75f, 0.75f}).codes == Codes{1, -1, 1});
  CHECK(by("late", {1, -0.75f, 0.75f}).step.scales[0] == near(2.5 / 3));
}

TEST_CASE("equal minima: the smallest scale", "[quant]") {
  // S²/D is 1 with the first weight alone (α = 1) and with both (α = 1/3).
  const auto result = by("late", {1, 0.25f}, {1, 8});
  CHECK(result.step.scales[0] == near(1.0 / 3));
  CHECK(result.codes == Codes{1, 1});
  // Linear levels share divisors: 0.75 = 1·¾ = ⅔·1⅛ = ⅓·2¼.
  for (const char* levels : {"linear, bits: 3", "log, bits: 3", "linear, bits: 4"}) {
    const auto one = quantize("{levels: " + std::string(levels) + "}", {0.75f, -0.75f, 0.75f});
    CHECK(one.step.scales[0] == near(0.75));
  }
}

TEST_CASE("LAT2e and LAT2a treat each sign by itself", "[quant]") {
  for (const char* name : {"lat2e", "lat2a"}) {
    const auto result = by(name, {1, 0.25f, -0.75f, -0.75f, 0});
    INFO(name);
    CHECK(result.step.scales == Scales{1, 0.75});
    CHECK(result.values == Floats{1, 0, -0.75f, -0.75f, 0});
    CHECK(by(name, {1, 0.25f}).step.scales == Scales{1, 0});
    const auto negative = by(name, {-1, -0.25f, 0});
    CHECK(negative.step.scales == Scales{0, 1});
    CHECK(negative.codes == Codes{-1, 0, 0});
  }
}

TEST_CASE("a weight on the alternating solver's threshold is zero", "[quant]") {
  // TWN's codes leave 0.5 out, α = 1, and 0.5 is exactly α/2.
  const Floats w = {1, -1, 1, -0.5f};
  const auto on = by("lata", w);
  CHECK(on.step.scales == Scales{1});
  CHECK(on.codes == Codes{1, -1, 1, 0});
  CHECK(on.step.rounds == 2);
  CHECK(on.step.converged);
  const auto above = by("lata", {1, -1, 1, -std::nextafter(0.5f, 1.0f)});
  CHECK(above.codes == Codes{1, -1, 1, -1});
  CHECK(above.step.scales[0] == Approx(0.875));
}

TEST_CASE("fixed levels: ties go to the smaller magnitude", "[quant]") {
  const auto unit = [](const std::string& levels, const Floats& w) {
    return quantize("{levels: " + levels + ", scaling: unit, curvature: none}", w);
  };
  const float above = std::nextafter(0.5f, 1.0f);
  CHECK(unit("ternary", {0.5f, -0.5f, above, -above, 0, 7}).codes == Codes{0, 0, 1, -1, 0, 1});
  const auto log = unit("log, bits: 3", {0.125f, 0.375f, 0.75f, -0.125f, -0.375f, -0.75f});
  CHECK(log.codes == Codes{0, 1, 2, 0, -1, -2});
  CHECK(log.values == Floats{0, 0.25f, 0.5f, 0, -0.25f, -0.5f});
  const auto linear = unit("linear, bits: 3", {0.5f, -0.5f, above, -above, 0.9f, -2});
  CHECK(linear.codes == Codes{1, -1, 2, -2, 3, -3});
  CHECK(linear.values[0] == static_cast<float>(1.0 / 3));
  CHECK(linear.step.scales == Scales{1});
}

TEST_CASE("LAQ's levels are scaled by the minimiser", "[quant]") {
  // ŵ can be w itself: 3 bits, α = 1.
  const Floats exact = {1, 0.5f, -0.25f, 0, -1, 0.25f};
  for (const char* solver : {"exact", "alternating"}) {
    const auto log = quantize("{levels: log, bits: 3, solver: " + std::string(solver) + "}", exact);
    CHECK(log.values == exact);
    CHECK(log.codes == Codes{3, 2, -1, 0, -3, 1});
  }
  // From TWN's codes (1, 1, 0): α = 0.75 gives codes (3, 2, 1), hence
  // α = (1 + ⅔·½ + ⅓·¼) / (1 + 4/9 + 1/9) = 51/56, where they stay.
  const auto linear = by("laq3_linear", {1, 0.5f, 0.25f});
  CHECK(linear.codes == Codes{3, 2, 1});
  CHECK(linear.step.scales[0] == near(51.0 / 56));
  CHECK(linear.step.rounds == 3);
}

TEST_CASE("the released rule divides by the levels, not by their squares", "[quant]") {
  // From TWN's codes (1, 1, 0): α = 0.75 gives codes (3, 2, 1), hence
  // α = (1 + ⅔·½ + ⅓·¼) / (1 + ⅔ + ⅓) = 17/24, where they stay.
  const auto linear = by("laq3_linear_released", {1, 0.5f, 0.25f});
  CHECK(linear.codes == Codes{3, 2, 1});
  CHECK(linear.step.scales[0] == near(17.0 / 24));
  CHECK(linear.step.rounds == 3);
  // The same with curvature: α = (2·1 + ⅔·½ + ⅓·¼) / (2 + ⅔ + ⅓).
  CHECK(by("laq3_linear_released", {1, 0.5f, 0.25f}, {2, 1, 1}).step.scales[0] == near(29.0 / 36));
}

TEST_CASE("the released rule starts anew from the signs of ŵ and rounds half up", "[quant]") {
  // TWN's codes are (1, 0): α = 39/32, where ⅛ is too small for the lowest level. From both
  // weights α = 43/64 gives the levels 1 and ¼, hence α = 1; and ⅛ = α/8 goes up.
  const Floats w = {39.0f / 32, -0.125f}, before = {-0.5f, 7};
  const auto& rule = *method("laq3_log_released").quantizer;
  CHECK(quantize(rule, {w, {}, {}, {}}).values == Floats{39.0f / 32, 0});
  const auto later = quantize(rule, {w, {}, before, {0.125}});
  CHECK(later.values == Floats{1, -0.25f});
  CHECK(later.step.scales == Scales{1});
  CHECK(later.step.rounds == 3);
  const Floats nothing = {0, 0};
  CHECK(quantize(rule, {w, {}, nothing, {0.125}}).step.scales[0] == 39.0 / 32);
  CHECK(quantize(rule, {nothing, {}, before, {1}}).values == nothing);
}

// Both rules on Gaussian weights; the figures are of a separate computation in double precision.
// The released rule makes all four nearly one quantizer.
TEST_CASE("scales and errors of both rules on Gaussian weights", "[quant]") {
  // The quantiles of the distribution: Φ(w) = (i + ½) / n.
  constexpr std::size_t n = 40000;
  Floats w(n);
  double low = -6;
  for (std::size_t i = 0; i < n; ++i) {
    double high = 6;
    const double share = (static_cast<double>(i) + 0.5) / n;
    for (int step = 0; step < 50; ++step) {
      const double middle = (low + high) / 2;
      (std::erfc(-middle / std::sqrt(2)) / 2 < share ? low : high) = middle;
    }
    w[i] = static_cast<float>(low);
  }
  struct Expected {
    const char* axes;
    double scale, error, released_scale, released_error;
  };
  for (const Expected& row : {Expected{"levels: linear, bits: 3", 1.952, 0.0468, 1.1135, 0.1252},
                              Expected{"levels: log, bits: 3", 2.072, 0.0475, 1.1163, 0.1268},
                              Expected{"levels: linear, bits: 4", 2.474, 0.0129, 1.1055, 0.1204},
                              Expected{"levels: log, bits: 4", 4.195, 0.0377, 1.1150, 0.1259}}) {
    INFO(row.axes);
    const auto check = [&](const std::string& solver, double scale, double error) {
      const auto rule = quantizer_of(fmt::format("{{{}, {}}}", row.axes, solver)).method;
      auto result = quantize(*rule, {w, {}, {}, {}});
      result = quantize(*rule, {w, {}, result.values, result.step.scales});
      CHECK(std::abs(result.step.scales[0] - scale) <= 0.001);
      const double all = quant::objective(w, {}, Floats(n, 0));
      CHECK(std::abs(quant::objective(w, {}, result.values) / all - error) <= 0.0001);
    };
    check("solver: exact", row.scale, row.error);
    check("solver: alternating, alpha_rule: released", row.released_scale, row.released_error);
  }
}

TEST_CASE("DoReFa is its formula", "[quant]") {
  const auto two_bits = quantize("{rule: dorefa, bits: 2}", {0.5f, -0.5f, 0.1f, -0.1f, 0});
  CHECK(two_bits.codes == Codes{3, 0, 2, 1, 2});  // 0 lies half-way and goes up
  CHECK(two_bits.values[0] == 1);
  CHECK(two_bits.values[3] == static_cast<float>(-1.0 / 3));
  CHECK(quantize("{rule: dorefa, bits: 1}", {0.5f, -0.1f, 0}).values == Floats{1, -1, 1});
  // All zero: the ratio is 0, code ⌊K/2 + ½⌋.
  const auto zero = by("dorefa3", {0, 0, -0.0f});
  CHECK(zero.codes == Codes{4, 4, 4});
  CHECK(zero.values[0] == static_cast<float>(1.0 / 7));
  for (const int bits : {1, 2, 3, 4, 8}) {
    const RandomGroup group(5000, static_cast<std::uint64_t>(bits));
    const auto result = quantize("{rule: dorefa, bits: " + std::to_string(bits) + "}", group.w);
    double largest = 0;
    for (const double w : group.weights()) largest = std::max(largest, std::abs(std::tanh(w)));
    const int k = (1 << bits) - 1;
    for (std::size_t i = 0; i < group.w.size(); ++i) {
      const double place = k * (std::tanh(static_cast<double>(group.w[i])) / (2 * largest) + 0.5);
      const double code = std::floor(place + 0.5);
      if (std::abs(place + 0.5 - std::round(place + 0.5)) < 1e-12) continue;  // the formula rounds
      REQUIRE(result.codes[i] == static_cast<int>(code));
      REQUIRE(result.values[i] == static_cast<float>(2 * code / k - 1));
    }
  }
}

TEST_CASE("TTQ starts from the means beyond its threshold and keeps learned scales", "[quant]") {
  const Floats w = {1, -0.5f, 0.0625f, -0.0625f, 0.5f, -0.25f};
  const std::string ttq = "{rule: ttq, threshold: 0.0625}";
  const auto first = quantize(ttq, w);
  CHECK(first.step.scales == Scales{0.75, 0.375});
  CHECK(first.codes == Codes{1, -1, 0, 0, 1, -1});
  CHECK(first.values == Floats{0.75f, -0.375f, 0, 0, 0.75f, -0.375f});
  const auto later =
      quantize(*quantizer_of(ttq).method, {w, {}, first.values, std::vector<double>{0.5, 2}});
  CHECK(later.values == Floats{0.5f, -2, 0, 0, 0.5f, -2});
  // A sign that is not there yet must be able to come.
  for (const double scale : quantize(ttq, {1, 0.5f}).step.scales) CHECK(scale > 0);
  for (const double scale : quantize(ttq, {0, 0}).step.scales) CHECK(scale > 0);
}

TEST_CASE("TTQ's gradients", "[quant]") {
  const Floats w = {1, -0.5f, 0.01f, 0.75f, -0.25f};
  const Floats previous = {0.5f, -2, 0, 0.5f, -2};
  Floats g = {1, 0.25f, -3, -0.5f, -1.5f};
  const auto ttq = quantizer_of("{rule: ttq}").method;
  const auto scales = ttq->gradient()({w, {}, previous, {0.5, 2}}, g);
  CHECK(scales == Scales{0.5, 1.25});  // 1 − 0.5 and −(0.25 − 1.5)
  CHECK(g == Floats{0.5f, 0.5f, -3, -0.25f, -3});
  for (const char* name : {"late", "dorefa3", "binaryconnect"}) {
    INFO(name);
    CHECK_FALSE(method(name).quantizer->gradient());  // passed straight through
  }
}

TEST_CASE("DoReFa's gradient through tanh", "[quant]") {
  const Floats w = {1, -0.5f, 0};
  Floats g = {1, 2, -3};
  const auto backward = quantizer_of("{rule: dorefa, bits: 3, gradient: tanh}").method->gradient();
  REQUIRE(backward);
  CHECK(backward({w, {}, {}, {}}, g).empty());
  const double largest = std::tanh(1.0);
  CHECK(g[0] == Approx((1 - largest * largest) / largest).epsilon(kFloat));
  CHECK(g[1] == Approx(2 * (1 - std::pow(std::tanh(0.5), 2)) / largest).epsilon(kFloat));
  CHECK(g[2] == Approx(-3 / largest).epsilon(kFloat));
  Floats flat = {1, 2};
  backward({Floats{0, 0}, {}, {}, {}}, flat);
  CHECK(flat == Floats{1, 2});
}
