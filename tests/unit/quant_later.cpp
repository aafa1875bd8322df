#include <cmath>

#include "quant/methods/lq_nets.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

// Methods that came after the paper: worked by hand, and against their defining equations.

using namespace laq;
using namespace laq::test;

TEST_CASE("absmean: levels of mean |w|, thresholds of half of it", "[quant]") {
  const auto& absmean = *method("absmean").quantizer;
  const Floats w = {1, -0.5f, 0.25f, -0.25f, 0};  // mean 0.4
  const auto result = quantize(absmean, {w, {}, {}, {}});
  CHECK(result.step.scales == Scales{0.4});
  CHECK(result.codes == Codes{1, -1, 1, -1, 0});
  CHECK(result.values == Floats{0.4f, -0.4f, 0.4f, -0.4f, 0});
  // Half-way is 0: mean 0.5.
  CHECK(quantize(absmean, {Floats{1, -0.25f, 0.25f}, {}, {}, {}}).codes == Codes{1, 0, 0});
}

TEST_CASE("absmean is RoundClip(w / mean|w|, -1, 1)", "[quant]") {
  for (const auto& shape : group_shapes()) {
    const RandomGroup group(3000, 3, shape);
    const auto result = quantize(*method("absmean").quantizer, group.group());
    double mean = 0;
    for (const double w : group.weights()) mean += std::abs(w) / 3000;
    for (std::size_t i = 0; i < group.w.size(); ++i) {
      const double ratio = static_cast<double>(group.w[i]) / mean;
      if (std::abs(std::abs(ratio) - 0.5) < 1e-9) continue;
      const double code = std::min(1.0, std::max(-1.0, std::round(ratio)));
      REQUIRE(result.codes[i] == static_cast<int>(code));
      REQUIRE(result.values[i] == Approx(code * mean).epsilon(kFloat));
    }
  }
}

TEST_CASE("LSQ starts at 2 mean|w| / sqrt(Qp) and rounds in steps of its scale", "[quant]") {
  const Floats w = {1, -0.5f, 0.25f, -0.25f};  // mean ½
  const auto& lsq2 = *method("lsq2").quantizer;
  const auto first = quantize(lsq2, {w, {}, {}, {}});
  CHECK(first.step.scales == Scales{1});
  CHECK(first.step.codes == Codes{-2, -1, 0, 1});
  CHECK(first.values == Floats{1, 0, 0, 0});  // −½ is half-way
  CHECK(quantize(*method("lsq3").quantizer, {w, {}, {}, {}}).step.scales[0] ==
        Approx(1 / std::sqrt(3)).epsilon(kRounding));
  const auto learned = quantize(lsq2, {w, {}, first.values, {0.25}});
  CHECK(learned.codes == Codes{1, -2, 1, -1});
  CHECK(learned.values == Floats{0.25f, -0.5f, 0.25f, -0.25f});
}

TEST_CASE("LSQ's gradients", "[quant]") {
  // w/s = 4, −1, ¾, −2¾; q − w/s = 0 and ¼ inside, Qp = 1 and −Qn = −2 outside.
  const Floats w = {1, -0.25f, 0.1875f, -0.6875f}, quantized = {0.25f, -0.25f, 0.25f, -0.5f};
  Floats g = {1, 2, 4, -1};
  const auto scale = method("lsq2").quantizer->gradient()({w, {}, quantized, {0.25}}, g);
  CHECK(scale == Scales{(1 + 1 + 2) / std::sqrt(4.0)});
  CHECK(g == Floats{0, 2, 4, 0});
}

TEST_CASE("SEQ starts at max|w| and has the levels ±1/4, ±3/4", "[quant]") {
  const Floats w = {1, -0.5f, 0.25f, -0.1f, 0};
  const auto& seq = *method("seq").quantizer;
  const auto first = quantize(seq, {w, {}, {}, {}});
  CHECK(first.step.scales == Scales{1});
  CHECK(first.step.codes == Codes{-2, -1, 1, 2});
  CHECK(first.codes == Codes{2, -1, 1, -1, 1});
  CHECK(first.values == Floats{0.75f, -0.25f, 0.25f, -0.25f, 0.25f});
  // w/s = 2, 0.8, −0.2: outside, then q − w/s = −0.05 twice.
  const Floats later = {1, 0.4f, -0.1f}, quantized = {0.375f, 0.375f, -0.125f};
  Floats g = {1, 2, 4};
  const auto scale = seq.gradient()({later, {}, quantized, {0.5}}, g);
  CHECK(scale[0] == Approx((0.75 - 0.1 - 0.2) / std::sqrt(3)).epsilon(1e-6));
  CHECK(g == Floats{0, 2, 4});
}

TEST_CASE("learned steps are their formulas", "[quant]") {
  const std::size_t n = 2000;
  const RandomGroup group(n, 5), gradients(n, 6);
  for (const int bits : {2, 3, 4, 8}) {
    for (const double s : {0.01, 0.1, 0.6}) {
      const auto lsq = quantizer_of("{rule: lsq, bits: " + std::to_string(bits) + "}").method;
      const double most = (1 << (bits - 1)) - 1, least = -(1 << (bits - 1));
      quant::Group here = group.group();
      here.scales = {s};
      const auto result = quantize(*lsq, here);
      here.previous = result.values;
      Floats g = gradients.w;
      const auto of_scale = lsq->gradient()(here, g);
      double expected = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double u = static_cast<double>(group.w[i]) / s;
        const double q = std::round(std::min(most, std::max(least, u)));
        REQUIRE(result.codes[i] == static_cast<int>(q));
        REQUIRE(result.values[i] == static_cast<float>(s * q));
        const bool inside = u > least && u < most;
        REQUIRE(g[i] == (inside ? gradients.w[i] : 0));
        expected += static_cast<double>(gradients.w[i]) * (inside ? q - u : q);
      }
      constexpr double kRounded = 1e-4;  // ŵ to float, times Qp, against a part of a step
      CHECK(of_scale[0] ==
            Approx(expected / std::sqrt(static_cast<double>(n) * most)).epsilon(kRounded));
    }
  }
}

TEST_CASE("LQ-Nets moves its basis a tenth towards the least squares of its codes", "[quant]") {
  // Levels ±¼, ±¾: 1 is at the outer one, the others (mean 0.875/3) at the inner one.
  const Floats w = {1, -0.5f, 0.25f, -0.125f};
  quant::Group group{w, {}, {}, {}};
  group.scales = {0.25, 0.5};
  const auto result = quantize(*method("lq_nets2").quantizer, group);
  const double inner = 0.875 / 3, low = 0.9 * 0.25 + 0.1 * (1 - inner) / 2,
               high = 0.9 * 0.5 + 0.1 * (1 + inner) / 2;
  constexpr double kOfRidge = 1e-4;
  CHECK(result.step.scales[0] == Approx(low).epsilon(kOfRidge));
  CHECK(result.step.scales[1] == Approx(high).epsilon(kOfRidge));
  CHECK(result.codes == Codes{2, -1, 1, -1});
  CHECK(result.values[0] == Approx(high + low).epsilon(kOfRidge));
  CHECK(result.values[1] == Approx(low - high).epsilon(kOfRidge));
}

TEST_CASE("LQ-Nets' basis solves the normal equations of the nearest codes", "[quant]") {
  for (const int bits : {2, 3}) {
    for (const auto& shape : {"normal", "uniform", "laplace", "mixed"}) {
      INFO(bits << " bits, " << shape);
      const std::size_t n = 1500, k = static_cast<std::size_t>(bits);
      const RandomGroup random(n, 8, shape);
      const auto lq = quantizer_of("{rule: lq_nets, bits: " + std::to_string(bits) + "}").method;
      quant::Group group = random.group();
      group.scales = bits == 2 ? Scales{0.1, 0.25} : Scales{0.06, 0.11, 0.2};
      const Scales before = group.scales, after = quant::fit(*lq, group).scales;
      std::vector<double> best(k), residual(k);
      for (std::size_t i = 0; i < k; ++i) best[i] = (after[i] - 0.9 * before[i]) / 0.1;
      // Every weight by itself: the nearest of all sums of ± the basis.
      for (const double w : random.weights()) {
        double nearest = 1e9;
        std::vector<double> signs(k);
        for (unsigned code = 0; code < (1u << k); ++code) {
          double level = 0;
          for (std::size_t i = 0; i < k; ++i) level += (code >> i & 1 ? 1 : -1) * before[i];
          if (std::abs(w - level) >= nearest) continue;
          nearest = std::abs(w - level);
          for (std::size_t i = 0; i < k; ++i) signs[i] = code >> i & 1 ? 1 : -1;
        }
        double error = w;
        for (std::size_t i = 0; i < k; ++i) error -= signs[i] * best[i];
        for (std::size_t i = 0; i < k; ++i) residual[i] += error * signs[i];
      }
      for (std::size_t i = 0; i < k; ++i) {
        const double ridge = 1e-4 * (best[i] - before[i]);
        CHECK(residual[i] == Approx(ridge).margin(1e-8 * static_cast<double>(n)));
      }
    }
  }
}

TEST_CASE("LQ-Nets' first levels are settled, and better than equal steps", "[quant]") {
  const auto error = [](const Floats& w, const Floats& quantized) {
    return quant::objective(w, {}, quantized);
  };
  for (const auto& shape : {"normal", "laplace", "mixed"}) {
    const RandomGroup group(20000, 9, shape);
    for (const int bits : {2, 3}) {
      INFO(shape << ", " << bits);
      const auto& lq = *method("lq_nets" + std::to_string(bits)).quantizer;
      const auto first = quantize(lq, group.group());
      const double found = error(group.w, first.values);
      // A round more hardly helps.
      quant::Group again = group.group();
      again.previous = first.values;
      again.scales = first.step.scales;
      const double next = error(group.w, quantize(lq, again).values);
      CHECK(next <= found * (1 + 1e-3));
      CHECK(next >= found * (1 - 1e-2));
      // The levels ±1, ±3 … times the best factor are a basis, too.
      double equal = 1e9;
      for (double step = 0.01; step < 0.5; step += 0.002) {
        Floats values;
        for (const float w : group.w) {
          const double largest = (1 << bits) - 1;
          const double odd = 2 * std::floor(static_cast<double>(w) / (2 * step)) + 1;
          values.push_back(static_cast<float>(step * std::min(largest, std::max(-largest, odd))));
        }
        equal = std::min(equal, error(group.w, values));
      }
      CHECK(found <= equal * 1.01);
    }
  }
}

TEST_CASE("weights all at one of LQ-Nets' levels keep the rest of its basis", "[quant]") {
  const Floats w = {0.5f, -0.5f, 0.5f, 0.5f};
  for (const int bits : {2, 3}) {
    quant::Group group{w, {}, {}, {}};
    group.scales = bits == 2 ? Scales{0.125, 0.25} : Scales{0.0625, 0.125, 0.25};
    for (int round = 0; round < 200; ++round)
      group.scales = quant::fit(*method("lq_nets" + std::to_string(bits)).quantizer, group).scales;
    for (const double scale : group.scales) CHECK(scale > 0.01);
    const auto result = quantize(*method("lq_nets" + std::to_string(bits)).quantizer, group);
    CHECK(result.values[0] == Approx(0.5).epsilon(1e-3));
    CHECK(result.values[1] == -result.values[0]);
  }
}

TEST_CASE("the later methods' keys are checked", "[quant]") {
  const auto refusal = [](const std::string& yaml) {
    return usage_message([&] { quantizer_of(yaml); });
  };
  CHECK_THAT(refusal("{levels: binary, curvature: none, solver: absmean}"),
             Contains("absmean is BitNet b1.58's scale"));
  CHECK_THAT(refusal("{levels: ternary, solver: absmean}"),
             Contains("absmean does not use the curvature"));
  CHECK_THAT(refusal("{rule: lsq}"), Contains("'quantizer.bits' is missing"));
  CHECK_THAT(refusal("{rule: lsq, bits: 1}"), Contains("a whole number in 2 to 8"));
  CHECK_THAT(refusal("{rule: lsq, bits: 2, scale_rate: -1}"), Contains("'quantizer.scale_rate'"));
  CHECK_THAT(refusal("{rule: seq, bits: 2}"), Contains("unknown key 'quantizer.bits'"));
  CHECK_THAT(refusal("{rule: lq_nets, bits: 4}"), Contains("a whole number in 2 to 3"));
}
