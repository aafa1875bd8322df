#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

// BinaryRelax, ProxQuant and PARQ: by hand, and against the equations that define them.

using namespace laq;
using namespace laq::test;

namespace {

Quantized fitted_at(const std::string& yaml, const Floats& w, double progress) {
  quant::Group group{w, {}, {}, {}};
  group.progress = progress;
  return quantize(*quantizer_of(yaml).method, group);
}

std::string ternary(const std::string& relaxation) {
  return "{levels: ternary, scaling: unit, curvature: none, relaxation: " + relaxation + "}";
}

double near(double w, const std::vector<double>& levels) {
  return *std::min_element(levels.begin(), levels.end(),
                           [&](double a, double b) { return std::abs(a - w) < std::abs(b - w); });
}

}  // namespace

TEST_CASE("BinaryRelax lies between w and its level", "[quant]") {
  const Floats w = {0.25f, 0.75f, -1.5f};
  const std::string rule = ternary("binary_relax, strength: 16, discrete_from: 0.8");
  // λ = 1, then 4 = 16^½.
  CHECK(fitted_at(rule, w, 0).values == Floats{0.125f, 0.875f, -1.25f});
  const auto later = fitted_at(rule, w, 0.4).values;
  CHECK(later[0] == Approx(0.05f));
  CHECK(later[1] == Approx(0.95f));
  CHECK(later[2] == Approx(-1.1f));
  CHECK(fitted_at(rule, w, 0.8).values == Floats{0, 1, -1});
  CHECK(fitted_at(rule, w, 0.4).codes == std::vector<int>{0, 1, -1});
}

TEST_CASE("ProxQuant's maps by hand", "[quant]") {
  const Floats w = {0.25f, 0.75f, -1.5f};
  const std::string rule = ternary("proxquant, strength: 2, discrete_from: 0.5");
  CHECK(fitted_at(rule, w, 0).values == w);
  // λ = 1 half-way: (w + q) / 2.
  CHECK(fitted_at(rule, w, 0.25).values == Floats{0.125f, 0.875f, -1.25f});
  CHECK(fitted_at(rule, w, 0.5).values == Floats{0, 1, -1});
  const std::string shrink =
      ternary("proxquant, penalty: absolute, strength: 0.25, discrete_from: 0.5");
  CHECK(fitted_at(shrink, w, 0).values == w);
  // λ = 1/8: an eighth towards the level, at most onto it.
  CHECK(fitted_at(shrink, {0.25f, 0.0625f, -0.125f, 0.75f, 0.9375f, -1.5f, 0.5f}, 0.25).values ==
        Floats{0.125f, 0, 0, 0.875f, 1, -1.375f, 0.375f});
}

TEST_CASE("PARQ is flat at the levels and steep between them", "[quant]") {
  const std::string rule = ternary("parq, steepness: 10, discrete_from: 0.8");
  // At first the identity between the outermost levels.
  const Floats start = fitted_at(rule, {0.25f, 0.5f, -0.75f, 2, -2}, 0).values;
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(start[i] == Approx(Floats{0.25f, 0.5f, -0.75f, 1, -1}[i]).margin(1e-6));
  // Half-way the sigmoid is ½: slope 2 about ±½.
  const Floats half =
      fitted_at(rule, {0.25f, 0.125f, 0.375f, 0.5f, 0.75f, 0.875f, -0.625f}, 0.4).values;
  const Floats expected = {0, 0, 0.25f, 0.5f, 1, 1, -0.75f};
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(half[i] == Approx(expected[i]).margin(1e-6));
  CHECK(fitted_at(rule, {0.25f, 0.75f, -0.625f}, 0.8).values == Floats{0, 1, -1});
}

TEST_CASE("a relaxed weight is what its method's equation says", "[quant]") {
  const RandomGroup random(600, 4, "normal");
  for (const std::string levels :
       {"binary, curvature: none", "ternary", "log, bits: 3", "ternary, scaling: asymmetric"}) {
    for (const double progress : {0.1, 0.35, 0.6, 0.79}) {
      const double done = progress / 0.8;
      const auto fitted = [&](const std::string& relaxation) {
        quant::Group group = random.group();
        group.progress = progress;
        const auto method =
            quantizer_of("{levels: " + levels + ", relaxation: " + relaxation + "}").method;
        return quantize(*method, group);
      };
      const auto check = [&](const std::string& relaxation, const auto& expected) {
        const Quantized result = fitted(relaxation);
        INFO(levels << ", " << relaxation << ", progress " << progress);
        for (std::size_t i = 0; i < random.w.size(); ++i) {
          const double w = random.w[i];
          REQUIRE(static_cast<double>(result.values[i]) ==
                  Approx(expected(w, result.step.values)).margin(2e-6));
        }
      };
      const double relaxed = std::pow(50, done), prox = 0.04 * done;
      check("binary_relax", [&](double w, const auto& all) {
        return (w + relaxed * near(w, all)) / (1 + relaxed);
      });
      check("proxquant",
            [&](double w, const auto& all) { return (w + prox * near(w, all)) / (1 + prox); });
      // The minimiser of ½(x − w)² + λ min|x − q|, searched among all its candidates.
      check("proxquant, penalty: absolute", [&](double w, const auto& all) {
        double best = w, least = 1e9;
        for (const double q : all) {
          for (const double x : {q, w - prox, w + prox}) {
            const double value = (x - w) * (x - w) / 2 + prox * std::abs(x - near(x, all));
            if (value < least - 1e-12) least = value, best = x;
          }
        }
        return best;
      });
      const auto sigmoid = [](double x) { return 1 / (1 + std::exp(10 * (x - 0.5))); };
      const double rho = (sigmoid(done) - sigmoid(1)) / (sigmoid(0) - sigmoid(1));
      check("parq", [&](double w, const auto& all) {
        const auto above = std::lower_bound(all.begin(), all.end(), w);
        if (above == all.begin()) return all.front();
        if (above == all.end()) return all.back();
        const double low = *(above - 1), high = *above, middle = (low + high) / 2;
        return std::clamp(middle + (w - middle) / rho, low, high);
      });
    }
  }
}

TEST_CASE("relaxed weights rise with w, and tend to the discrete ones", "[quant]") {
  for (const auto& method : relaxed_methods()) {
    RandomGroup random(800, 5);
    std::sort(random.w.begin(), random.w.end());
    quant::Group group = random.group();
    group.progress = 1;
    const Quantized end = quantize(*method.quantizer, group);
    double before = 1e9;
    for (const double progress : {0.0, 0.2, 0.4, 0.6, 0.7999}) {
      INFO(method.name << ", progress " << progress);
      group.progress = progress;
      const Quantized now = quantize(*method.quantizer, group);
      CHECK(std::is_sorted(now.values.begin(), now.values.end()));
      CHECK(now.step.relaxed());
      // The levels and codes are those of the end.
      CHECK(now.codes == end.codes);
      CHECK(now.step.values == end.step.values);
      const double distance = quant::objective(end.values, {}, now.values);
      CHECK(distance <= before);
      before = distance;
    }
    CHECK_FALSE(end.step.relaxed());
    const std::vector<float> levels(end.step.values.begin(), end.step.values.end());
    for (const float value : end.values)
      CHECK(std::find(levels.begin(), levels.end(), value) != levels.end());
  }
}

TEST_CASE("relaxed weights of several chunks, none of a sign, all zero", "[quant]") {
  for (const auto& method : relaxed_methods()) {
    INFO(method.name);
    RandomGroup random(kChunk + 77, 6);
    quant::Group group = random.group();
    group.progress = 0.4;
    const Quantized whole = quantize(*method.quantizer, group);
    for (const std::size_t i : {std::size_t{0}, kChunk - 1, kChunk, kChunk + 76}) {
      const auto& step = whole.step;
      const auto p = static_cast<std::size_t>(
          std::lower_bound(step.knots.begin(), step.knots.end(), random.w[i]) - step.knots.begin());
      CHECK(
          whole.values[i] ==
          static_cast<float>(step.offsets[p] + step.slopes[p] * static_cast<double>(random.w[i])));
    }
    for (auto& w : random.w) w = std::abs(w);
    for (const float value : quantize(*method.quantizer, group).values) CHECK(std::isfinite(value));
    std::fill(random.w.begin(), random.w.end(), 0.0f);
    for (const float value : quantize(*method.quantizer, group).values) CHECK(std::abs(value) <= 1);
  }
}

TEST_CASE("a relaxation's keys are checked", "[quant]") {
  const auto refusal = [](const std::string& yaml) {
    return usage_message([&] { quantizer_of(yaml); });
  };
  CHECK_THAT(refusal("{levels: ternary, curvature: none, solver: heuristic, relaxation: parq}"),
             Contains("'quantizer.relaxation' tends to the nearest level"));
  CHECK_THAT(refusal("{levels: log, bits: 3, solver: alternating, alpha_rule: released, "
                     "relaxation: parq}"),
             Contains("'quantizer.relaxation' tends to the nearest level"));
  CHECK_THAT(refusal("{levels: ternary, relaxation: parqq}"), Contains("did you mean 'parq'?"));
  CHECK_THAT(refusal("{levels: ternary, steepness: 3}"),
             Contains("unknown key 'quantizer.steepness'"));
  CHECK_THAT(refusal("{levels: ternary, relaxation: parq, strength: 3}"),
             Contains("unknown key 'quantizer.strength'"));
  CHECK_THAT(refusal("{levels: ternary, relaxation: binary_relax, penalty: squared}"),
             Contains("unknown key 'quantizer.penalty'"));
  CHECK_THAT(refusal("{levels: ternary, relaxation: parq, discrete_from: 1.5}"),
             Contains("'quantizer.discrete_from'"));
  CHECK_THAT(refusal("{levels: none, relaxation: parq}"),
             Contains("'quantizer.relaxation' has no meaning with levels: none"));
}
