#include <cmath>
#include <numeric>

#include "optim/proximal_adam.hpp"
#include "support/layers.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::optim;
using namespace laq::test;

namespace {

quant::Quantization by(const std::string& name) {
  return {method(name).quantizer, quant::Grouping::tensor};
}

}  // namespace

TEST_CASE("a layer's report by hand", "[optim]") {
  // LATe with uniform d: α = 0.875, codes 1, −1, 0, 0.
  const auto parameter = layer_of({1, -0.75f, 0.25f, 0});
  auto bias = layer_of({1, 2}, false);
  bias.name = "bias";
  ProximalAdam optimizer({parameter, bias}, by("late"), {});
  auto reports = optimizer.report();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].name == "w");
  CHECK(reports[0].scales == std::vector<double>{0.875});
  CHECK(reports[0].codes == std::vector<int>{-1, 0, 1});
  CHECK(reports[0].level_share == std::vector<double>{0.25, 0.5, 0.25});
  CHECK(reports[0].zero_fraction == 0.5);
  CHECK(reports[0].flips == 0);
  CHECK(reports[0].rounds == 0);
  // No gradient yet: d = 1e-8 everywhere.
  const double error = 0.125 * 0.125 + 0.125 * 0.125 + 0.25 * 0.25;
  CHECK(reports[0].weighted_error == Approx(1e-8 * error).epsilon(1e-6));

  // Adam's first step moves every weight by the rate against its gradient:
  // w = 0.9, −0.65, 0.35, 0.1; d is 0.0316 times the gradient, so that only the second counts:
  // α = 0.65, codes 1, −1, 1, 0.
  set_gradient(parameter, {1e-3f, -1e3f, -1e-3f, -1e-3f});
  optimizer.step(0.1);
  reports = optimizer.report();
  CHECK(reports[0].scales[0] == Approx(0.65).epsilon(1e-5));
  CHECK(reports[0].level_share == std::vector<double>{0.25, 0.25, 0.5});
  CHECK(reports[0].flips == 0.25);
  CHECK(reports[0].zero_fraction == 0.25);
  const double d = std::sqrt(0.001) * 1e-3 + 1e-8;
  CHECK(reports[0].weighted_error ==
        Approx(d * (0.25 * 0.25 + 0.3 * 0.3 + 0.1 * 0.1)).epsilon(1e-4));
  CHECK(optimizer.report()[0].flips == 0);  // since the report before
}

TEST_CASE("a report has the distribution of the latent weights and the values of the levels",
          "[optim]") {
  const auto parameter = layer_of({1, -0.75f, 0.25f, 0});
  ProximalAdam optimizer({parameter}, by("late"), {});
  const auto report = optimizer.report()[0];
  CHECK(report.level_values == std::vector<double>{-0.875, 0, 0.875});
  CHECK(report.latent_largest == 1);
  REQUIRE(report.latent_share.size() == kLatentBins);
  // 64 bins of 1/32 from −1: −0.75 in bin 8, 0 in 32, 0.25 in 40, 1 in the last.
  for (std::size_t bin = 0; bin < kLatentBins; ++bin) {
    INFO(bin);
    const bool hit = bin == 8 || bin == 32 || bin == 40 || bin == 63;
    CHECK(report.latent_share[bin] == (hit ? 0.25 : 0));
  }
  CHECK_FALSE(report.gap);  // LATe finds the minimum
  const auto zeros = layer_of({0, 0});
  CHECK(ProximalAdam({zeros}, by("late"), {}).report()[0].latent_share[kLatentBins / 2] == 1);
}

TEST_CASE("the gap to the optimum, by hand and of every approximate method", "[optim]") {
  // TWN: threshold 0.7 · 0.5 = 0.35, α = (1 + 0.75) / 2; so has the optimum.
  const auto twn = layer_of({1, -0.75f, 0.25f, 0});
  CHECK(ProximalAdam({twn}, by("twn"), {}).report()[0].gap == 0.0);
  const auto worse = layer_of({1, 0.3f, 0.3f, 0.4f});
  // Threshold 0.35 again: α = 0.7 over {1, 0.4}, error 0.36. All four: α = 0.5, error 0.34.
  CHECK(*ProximalAdam({worse}, by("twn"), {}).report()[0].gap ==
        Approx(0.36 / 0.34 - 1).epsilon(1e-5));
  for (const char* name : {"lata", "lat2a", "laq3_linear", "laq3_log", "twn"}) {
    const auto parameter = layer("w", {12, 25}, true);
    ProximalAdam optimizer({parameter}, by(name), {});
    for (int step = 1; step <= 3; ++step) {
      set_gradient(parameter, step);
      optimizer.step(0.1);
      const auto report = optimizer.report()[0];
      INFO(name << " " << step);
      REQUIRE(report.gap);
      CHECK(*report.gap >= 0);
      CHECK(*report.gap < 1);
    }
  }
  for (const char* name : {"lab", "bwn", "lat2e", "ttq", "dorefa3", "binaryconnect"}) {
    INFO(name);
    CHECK_FALSE(ProximalAdam({layer("w", {4, 5}, true)}, by(name), {}).report()[0].gap);
  }
}

TEST_CASE("reports of every method add up", "[optim]") {
  for (const char* name : {"binaryconnect", "lab", "twn", "lata", "lat2e", "ttq", "dorefa3",
                           "laq3_linear", "laq3_log"}) {
    for (const auto grouping : {quant::Grouping::tensor, quant::Grouping::row}) {
      const auto parameter = layer("w", {12, 25}, true);
      ProximalAdam optimizer({parameter}, {method(name).quantizer, grouping}, {});
      auto before = values_of(parameter.tensor);
      for (int step = 1; step <= 3; ++step) {
        set_gradient(parameter, step);
        optimizer.step(0.1);
        const auto after = values_of(parameter.tensor);
        const auto report = optimizer.report()[0];
        INFO(name << ", step " << step);
        CHECK(report.level_share.size() == report.codes.size());
        CHECK(std::accumulate(report.level_share.begin(), report.level_share.end(), 0.0) ==
              Approx(1).epsilon(1e-14));
        double zeros = 0, crossed = 0, positive = 0, positive_codes = 0;
        for (std::size_t i = 0; i < after.size(); ++i) {
          zeros += after[i] == 0 ? 1 : 0;
          positive += after[i] > 0 ? 1 : 0;
          crossed += (after[i] > 0) != (before[i] > 0) ? 1 : 0;
        }
        const auto n = static_cast<double>(after.size());
        CHECK(report.zero_fraction == zeros / n);
        const int middle = report.codes.back() > 0 && report.codes.front() == 0
                               ? report.codes.back() / 2  // DoReFa: codes of negative levels
                               : 0;
        for (std::size_t j = 0; j < report.codes.size(); ++j)
          positive_codes += report.codes[j] > middle ? report.level_share[j] : 0;
        CHECK(positive_codes == Approx(positive / n).epsilon(1e-14));
        CHECK(report.flips >= crossed / n - 1e-14);
        CHECK(report.flips <= 1);
        CHECK(report.scales.size() ==
              static_cast<std::size_t>(method(name).quantizer->scale_count()) *
                  (grouping == quant::Grouping::row ? 12 : 1));
        before = after;
      }
    }
  }
}

TEST_CASE("a layer of zeros has no flips and one level", "[optim]") {
  for (const char* name : {"late", "lab", "lat2a", "laq3_log"}) {
    const auto parameter = layer_of({0, 0, 0, 0});
    ProximalAdam optimizer({parameter}, by(name), {});
    const auto report = optimizer.report()[0];
    INFO(name);
    CHECK(report.zero_fraction == 1);
    CHECK(report.flips == 0);
    CHECK(report.scales[0] == 0);
    // sign(0) = +1 where there is no zero.
    const int code = method(name).binary() ? 1 : 0;
    for (std::size_t j = 0; j < report.codes.size(); ++j)
      CHECK(report.level_share[j] == (report.codes[j] == code ? 1.0 : 0.0));
  }
}

TEST_CASE("rounds are the mean over the groups", "[optim]") {
  // Row 1 needs 2 rounds from TWN's codes (it stays there), row 2 needs none: no nonzero code.
  const auto parameter = layer_of({1, 1, 1, 0.5f, 0, 0, 0, 0}, true, {2, 4});
  ProximalAdam optimizer({parameter}, {method("lata").quantizer, quant::Grouping::row}, {});
  const auto fit = [](const std::vector<float>& w) {
    return quant::fit(*method("lata").quantizer, {w, {}, {}, {}}).rounds;
  };
  CHECK(fit({1, 1, 1, 0.5f}) == 2);
  CHECK(optimizer.report()[0].rounds == (2 + fit({0, 0, 0, 0})) / 2.0);
}

TEST_CASE("a report says how far relaxed weights are from their levels", "[optim]") {
  // α = 1 of ±1 alone; λ = 1 puts ŵ half-way: 0.125, −0.875, 0.
  const auto rule =
      quantizer_of("{levels: ternary, scaling: unit, curvature: none, relaxation: binary_relax}");
  const auto parameter = layer_of({0.25f, -0.75f, 0});
  ProximalAdam optimizer({parameter}, rule, {});
  const auto report = optimizer.report()[0];
  CHECK(values_of(parameter.tensor) == std::vector<float>{0.125f, -0.875f, 0});
  CHECK(report.level_share == std::vector<double>{1.0 / 3, 2.0 / 3, 0});
  REQUIRE(report.relaxation);
  CHECK(*report.relaxation ==
        Approx(std::sqrt(2 * 0.125 * 0.125 / (0.125 * 0.125 + 0.875 * 0.875))));
  CHECK_FALSE(report.gap);
  set_gradient(parameter, {0, 0, 0});
  optimizer.step(0.01, 1);
  CHECK(*optimizer.report()[0].relaxation == 0);
  CHECK_FALSE(ProximalAdam({layer_of({1, 2})}, by("late"), {}).report()[0].relaxation);
}
