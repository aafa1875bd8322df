#include <algorithm>
#include <cmath>
#include <limits>

#include "claims_support.hpp"
#include "support/catch.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

const std::string kMethods =
    "profile: paper\nexperiments: [mnist]\nmethods: [full, late, lata, twn, ttq]\n"
    "seeds: [1, 2, 3]\n";

/// LATe is 0.10, 0.08 and 0.12 better than TWN, whose mean is 1.25.
struct Sample : Bench {
  Sample() : Bench(kMethods) {
    fill(*this, "late", {1.10, 1.20, 1.15});
    fill(*this, "twn", {1.20, 1.28, 1.27});
  }
};

Judgement judged(const std::string& comparison) {
  return Claims(one(comparison)).first(Sample()).judgement;
}

// Half the width of the interval of Sample: t₀.₉₇₅ of two degrees of freedom, sd 0.02.
const double kReach = std::sqrt(2 * 0.95 * 0.95 / (1 - 0.95 * 0.95)) * 0.02 / std::sqrt(3.0);

}  // namespace

TEST_CASE("a comparison pairs runs by their seeds") {
  const Claim claim = Claims(one("{left: late, right: twn, below: 0}")).first(Sample());
  REQUIRE(claim.comparisons.size() == 1);
  const Comparison& made = claim.comparisons[0];
  CHECK(made.statement == "LATe − TWN < 0");
  CHECK(made.test == "paired t");
  CHECK(made.dataset == "MNIST");
  CHECK(made.difference.n == 3);
  CHECK(made.difference.mean == Approx(-0.10));
  CHECK(made.interval->low == Approx(-0.10 - kReach));
  CHECK(made.interval->high == Approx(-0.10 + kReach));
  const double t = 0.1 / (0.02 / std::sqrt(3.0));
  CHECK(*made.p == Approx(0.5 - t / (2 * std::sqrt(2 + t * t))));
  CHECK(made.judgement == Judgement::supported);
  REQUIRE(made.observations.size() == 3);
  CHECK(made.observations[1].value == Approx(-0.08));
  const Sample sample;
  REQUIRE(made.observations[1].runs.size() == 2);
  CHECK(made.observations[1].runs[0].parent_path().filename() ==
        sample.run_folder({"late", 2}).parent_path().filename());
  CHECK(claim.judgement == Judgement::supported);
  REQUIRE(claim.datasets.size() == 1);
  CHECK(claim.datasets[0].judgement == Judgement::supported);
}

TEST_CASE("sides that differ in more than the method are not compared") {
  const Sample sample;
  sweep::Plan plan = sample.plan();
  const std::string better = "{left: late, right: twn, below: 0}";
  const auto judged_by = [&] { return Claims(one(better)).judge({plan}).at(0).claims.at(0); };
  CHECK(judged_by().judgement == Judgement::supported);
  for (auto& job : plan.jobs) {
    if (job.run.request.method == "twn") job.run.canonical["train"]["batch"] = 10;
  }
  const Claim claim = judged_by();
  CHECK(claim.judgement == Judgement::undecided);
  CHECK(holds(claim.comparisons.at(0).reason, "the sides differ in train.batch (100, 10)"));
}

TEST_CASE("the interval decides: within, outside or over the limit") {
  CHECK(judged("{left: late, right: twn, below: 0}") == Judgement::supported);
  CHECK(judged("{left: twn, right: late, below: 0}") == Judgement::contradicted);
  CHECK(judged("{left: late, right: twn, above: 0}") == Judgement::contradicted);
  CHECK(judged("{left: late, right: twn, below: -0.06}") == Judgement::undecided);
  CHECK(judged("{left: late, right: twn, below: -0.0502}") == Judgement::supported);
  CHECK(judged("{left: late, right: twn, below: -0.0504}") == Judgement::undecided);
  CHECK(judged("{left: late, right: twn, below: -0.1498}") == Judgement::contradicted);
  CHECK(judged("{left: late, right: twn, within: 0.15}") == Judgement::supported);
  CHECK(judged("{left: twn, right: late, within: 0.15}") == Judgement::supported);
  CHECK(judged("{left: late, right: twn, within: 0.1}") == Judgement::undecided);
  CHECK(judged("{left: late, right: twn, within: 0.05}") == Judgement::contradicted);
  // The margin is 3 % of 1.25 or of 1.15: less than 0.0503.
  CHECK(judged("{left: late, right: twn, within: margin}") == Judgement::contradicted);
  CHECK(judged("{left: late, right: twn, below: margin}") == Judgement::supported);
  CHECK(judged("{left: twn, right: late, below: margin}") == Judgement::contradicted);
  CHECK(judged("{left: late, right: twn, above: -margin}") == Judgement::contradicted);
}

TEST_CASE("a margin is a share of the right side's mean") {
  const Claim claim = Claims(one("{left: late, right: twn, below: margin}")).first(Sample());
  CHECK(claim.comparisons[0].region.high == Approx(0.03 * 1.25));
  CHECK(claim.comparisons[0].region.low == -std::numeric_limits<double>::infinity());
  CHECK(claim.comparisons[0].statement.ends_with(" (3 % of TWN)"));
}

TEST_CASE("one seed decides nothing, common seeds alone count, and what lacks is named") {
  Bench bench(kMethods);
  fill(bench, "late", {1.10, 1.20, 1.15});
  bench.complete({"twn", 2}, 1.9);
  bench.leave({"twn", 3}, State::diverged, "at epoch 2");
  const Claim claim = Claims(one("{left: late, right: [twn, ttq], below: 0}")).first(bench);
  REQUIRE(claim.comparisons.size() == 2);
  const Comparison& made = claim.comparisons[0];
  CHECK(made.difference.n == 1);
  CHECK(made.difference.mean == Approx(-0.7));
  CHECK_FALSE(made.interval);
  CHECK_FALSE(made.p);
  CHECK(made.judgement == Judgement::undecided);
  CHECK(made.reason ==
        "one seed only, so no interval; TWN: seed 1 not run; TWN: seed 3 diverged at epoch 2");
  CHECK(claim.comparisons[1].judgement == Judgement::missing);
  CHECK(claim.comparisons[1].reason == "TTQ: seeds 1 to 3 not run");
  CHECK(claim.judgement == Judgement::undecided);
  CHECK(claim.reason ==
        "of 2 comparisons at 95 % 1 undecided, 1 missing; one seed has no interval");
}

TEST_CASE("a claim of which nothing was run or planned is missing and says so") {
  const Bench bench(kMethods);
  const Claim planned = Claims(one("{left: late, right: twn, below: 0}")).first(bench);
  CHECK(planned.judgement == Judgement::missing);
  CHECK(planned.reason == "of 1 comparison at 95 % 1 missing");
  const Claim nowhere = Claims(one("{left: lat2e, right: ttq, below: 0}")).first(bench);
  CHECK(nowhere.judgement == Judgement::missing);
  CHECK(nowhere.comparisons.empty());
  CHECK(holds(nowhere.reason, "no sweep here plans both sides"));
  const Claim elsewhere =
      Claims(one("{left: late, right: twn, below: 0}", "    experiments: [svhn]\n")).first(bench);
  CHECK(holds(elsewhere.reason, "on svhn"));
  const Claim half = Claims(one("{left: late, right: [twn, lat2e], below: 0}")).first(Sample());
  CHECK(half.comparisons.at(1).reason == "LAT2e is not in the sweeps");
  CHECK(half.judgement == Judgement::undecided);  // what is not run cannot support
}

TEST_CASE("one comparison among several contradicts at the corrected level only") {
  // Differences of LATa and TWN: mean 0.1, standard error 0.02, so t = 5. The two-sided limit of
  // two degrees of freedom is 4.3 at 0.95 and 7.6 at 1 − 0.05/3.
  const double step = 0.02 * std::sqrt(3.0);
  Bench bench(kMethods);
  fill(bench, "twn", {1, 1, 1});
  fill(bench, "lata", {1.1 - step, 1.1, 1.1 + step});
  fill(bench, "late", {0.8, 0.81, 0.79});
  fill(bench, "full", {0.8, 0.79, 0.81});
  const auto claim = [&](const std::string& left) {
    return Claims(one("{left: " + left + ", right: twn, below: 0}")).first(bench);
  };
  CHECK(claim("lata").judgement == Judgement::contradicted);
  const Claim three = claim("[lata, late, full]");
  CHECK(three.comparisons[0].judgement == Judgement::contradicted);
  CHECK(three.comparisons[1].judgement == Judgement::supported);
  CHECK(three.comparisons[2].judgement == Judgement::supported);
  CHECK(three.judgement == Judgement::undecided);
  CHECK(
      three.reason ==
      "of 3 comparisons at 95 % 2 supported, 1 contradicted; one decides alone at 98.33 %, that is "
      "1 − 0.05/3");
  CHECK(claim("[late, full]").judgement == Judgement::supported);
}

TEST_CASE("any comparison is enough where the claim says so, at the corrected level") {
  const double step = 0.02 * std::sqrt(3.0);  // t = −5, as above
  Bench bench(kMethods);
  fill(bench, "twn", {1, 1, 1});
  fill(bench, "late", {0.9 - step, 0.9, 0.9 + step});
  fill(bench, "lata", {1.2, 1.21, 1.19});
  fill(bench, "full", {1.2, 1.19, 1.21});
  const auto judgement = [&](const std::string& left) {
    return Claims(one("{left: " + left + ", right: twn, below: 0}", "    any: true\n"))
        .first(bench)
        .judgement;
  };
  CHECK(judgement("late") == Judgement::supported);
  CHECK(judgement("[late, lata, full]") == Judgement::undecided);
  CHECK(judgement("[lata, full]") == Judgement::contradicted);
}

TEST_CASE("claims are judged on each data set and over all") {
  Bench bench(
      "profile: paper\nexperiments: [mnist, fashion_mnist]\nmethods: [late, twn]\n"
      "seeds: [1, 2, 3]\n");
  fill(bench, "late", {1.10, 1.20, 1.15});
  fill(bench, "twn", {1.20, 1.28, 1.27});
  fill(bench, "late", {9.10, 9.20, 9.15}, "fashion_mnist");
  fill(bench, "twn", {9.00, 9.12, 9.03}, "fashion_mnist");
  const Claim claim = Claims(one("{left: late, right: twn, below: 0}")).first(bench);
  REQUIRE(claim.datasets.size() == 2);
  CHECK(claim.datasets[0].judgement == Judgement::supported);
  CHECK(claim.datasets[1].dataset == "Fashion-MNIST");
  CHECK(claim.datasets[1].judgement == Judgement::contradicted);
  CHECK(claim.judgement == Judgement::contradicted);
  const Claim but =
      Claims(one("{left: late, right: twn, below: 0}", "    except: [fashion_mnist]\n"))
          .first(bench);
  CHECK(but.judgement == Judgement::supported);
}

TEST_CASE("text is compared by its loss, with its own margin") {
  Bench bench(
      "profile: paper\nexperiments: [war_and_peace]\nmethods: [late, twn]\nseeds: [1, 2]\n");
  for (const std::int64_t seed : {1, 2}) {
    bench.complete({"late", seed}, {.test_error = 90, .test_loss = 1.25});
    bench.complete({"twn", seed}, {.test_error = 10, .test_loss = 1.5});
  }
  const Comparison made =
      Claims(one("{left: late, right: twn, below: margin}")).first(bench).comparisons.at(0);
  CHECK(made.difference.mean == Approx(-0.25));
  CHECK(made.unit == "nats");
  CHECK(made.region.high == Approx(0.015));
}

TEST_CASE(
    "pictures are compared by their error whatever the loss, methods called what they ran as") {
  Bench bench("profile: paper\nexperiments: [mnist]\nmethods: [late, twn]\nseeds: [1, 2]\n",
              {"train.loss=cross_entropy", "quantizer.group=row"});
  for (const std::int64_t seed : {1, 2}) {
    bench.complete({"late", seed}, {.test_error = 1.25, .test_loss = 2});
    bench.complete({"twn", seed}, {.test_error = 1.5, .test_loss = 1});
  }
  const Comparison made =
      Claims(one("{left: late, right: twn, below: 0}")).first(bench).comparisons.at(0);
  CHECK(made.difference.mean == Approx(-0.25));
  CHECK(made.unit == "points");
  CHECK(made.statement == "LATe, group row − TWN, group row < 0");
}

TEST_CASE("a slope is taken for each seed over the logarithm of the axis") {
  Bench bench(
      "profile: paper\nexperiments: [svhn]\nmethods: [full, lab]\nseeds: [1, 2]\n"
      "grid: {model.width: [16, 32, 64]}\n");
  const std::vector<std::string> widths{"16", "32", "64"};
  for (std::size_t i = 0; i < 3; ++i) {
    const Point point{{"model.width", widths[i]}};
    const auto at = static_cast<double>(i);
    bench.complete({"full", 1, point}, 2.0);
    bench.complete({"full", 2, point}, 2.0);
    bench.complete({"lab", 1, point}, 2.5 - 0.10 * at);
    bench.complete({"lab", 2, point}, 2.5 - 0.11 * at);
  }
  const Comparison made = Claims(one("{left: lab, right: full, slope: model.width, below: 0}"))
                              .first(bench)
                              .comparisons.at(0);
  CHECK(made.statement == "slope of LAB − full-precision per doubling of model.width < 0");
  CHECK(made.test == "t of the slopes");
  REQUIRE(made.observations.size() == 2);
  CHECK(made.observations[0].value == Approx(-0.10));
  CHECK(made.observations[1].value == Approx(-0.11));
  CHECK(made.observations[0].runs.size() == 6);
  CHECK(made.judgement == Judgement::supported);
}

TEST_CASE("a seed without all values of the axis has no slope") {
  Bench bench(
      "profile: paper\nexperiments: [svhn]\nmethods: [full, lab]\nseeds: [1, 2]\n"
      "grid: {model.width: [16, 32]}\n");
  for (const std::int64_t seed : {1, 2}) {
    for (const char* width : {"16", "32"}) {
      if (seed == 2 && width == std::string("32")) continue;
      bench.complete({"full", seed, {{"model.width", width}}}, 2.0);
      bench.complete({"lab", seed, {{"model.width", width}}}, 3.0);
    }
  }
  const Comparison made = Claims(one("{left: lab, right: full, slope: model.width, below: 0}"))
                              .first(bench)
                              .comparisons.at(0);
  CHECK(made.difference.n == 1);
  CHECK(holds(made.reason, "LAB at model.width=32: seed 2 not run"));
}

TEST_CASE("the solver's rounds are measured by themselves") {
  Bench bench(kMethods);
  bench.complete({"lata", 1}, {.test_error = 1, .rounds = 4.0});
  bench.complete({"lata", 2}, {.test_error = 1, .rounds = 4.2});
  const Comparison made =
      Claims(one("{method: lata, measure: rounds, below: 5.5}")).first(bench).comparisons.at(0);
  CHECK(made.statement == "rounds of LATa < 5.5");
  CHECK(made.difference.mean == Approx(4.1));
  CHECK(made.test == "t");
  CHECK(made.judgement == Judgement::supported);
}

TEST_CASE("profiles are never mixed, and a run that two sweeps plan counts once") {
  const Sample paper, again;
  Bench quick("profile: quick\nexperiments: [mnist]\nmethods: [late, twn]\nseeds: [1]\n");
  quick.complete({"late"}, 3.0);
  quick.complete({"twn"}, 2.0);
  const Claims claims(one("{left: late, right: twn, below: 0}"));
  const auto reports = claims.judge({paper.plan(), quick.plan(), again.plan()});
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].of_the_paper());
  CHECK(reports[0].sweeps.size() == 2);
  CHECK(reports[0].claims[0].comparisons[0].difference.n == 3);
  CHECK_FALSE(reports[1].of_the_paper());
  CHECK(reports[1].claims[0].judgement == Judgement::undecided);
  const Sample base;
  Bench changed(kMethods, {"train.epochs=3"});
  CHECK(claims.judge({base.plan(), changed.plan()}).size() == 2);
}

TEST_CASE("of a grid each method is judged where its validation score is best") {
  const std::string axis = "train.learning_rate";
  Bench bench(
      "profile: paper\nexperiments: [mnist]\nmethods: [late, twn]\nseeds: [1, 2]\n"
      "grid: {train.learning_rate: [0.001, 0.01]}\n");
  const auto complete = [&](const char* method, const char* rate, double test, double valid) {
    for (const std::int64_t seed : {1, 2}) {
      const double seeds = 0.01 * static_cast<double>(seed);
      bench.complete({method, seed, {{axis, rate}}},
                     {.test_error = test + seeds, .valid_error = valid + seeds});
    }
  };
  complete("late", "0.001", 1.0, 1.5);  // the better test error is not looked at
  complete("late", "0.01", 1.2, 1.4);
  complete("twn", "0.001", 1.3, 1.3);
  complete("twn", "0.01", 1.1, 1.6);
  const Folder folder;
  const auto file = folder / "own.yaml";
  replace_file(file, "level: 0.95\nmargins: {test_error: 0.03, test_loss: 0.01}\nclaims:\n" +
                         one("{left: late, right: twn, below: 0}"));
  const auto report =
      judge_claims(configs(), std::vector{bench.plan()}, {.file = file, .select_valid = true})
          .at(0);
  const Comparison& made = report.claims.at(0).comparisons.at(0);
  CHECK(made.difference.mean == Approx(-0.1));
  CHECK(made.difference.n == 2);
  REQUIRE(report.chosen.size() == 2);
  CHECK(report.chosen[0] ==
        "late on mnist: train.learning_rate=0.01 has the best validation error (1.42 %) of 2 "
        "settings.");
  CHECK(holds(render({report}, "text"), "twn on mnist: train.learning_rate=0.001 has"));
  CHECK_FALSE(made.provisional);
  // While a setting was not tried, another may come to be chosen.
  for (const std::int64_t seed : {1, 2})
    std::filesystem::remove_all(bench.run_folder({"twn", seed, {{axis, "0.01"}}}));
  const auto early =
      judge_claims(configs(), std::vector{bench.plan()}, {.file = file, .select_valid = true});
  const Comparison& so_far = early.at(0).claims.at(0).comparisons.at(0);
  CHECK(so_far.provisional);
  CHECK(holds(so_far.reason, "not all settings were tried"));
  // Without the choice no point of the grid is the method's own.
  const auto without = judge_claims(configs(), std::vector{bench.plan()}, {.file = file});
  CHECK(without.at(0).claims.at(0).judgement == Judgement::missing);
}
