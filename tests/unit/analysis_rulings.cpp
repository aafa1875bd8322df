#include <cmath>
#include <nlohmann/json.hpp>

#include "claims_support.hpp"
#include "support/catch.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

const std::string kMethods =
    "profile: paper\nexperiments: [mnist]\nmethods: [full, late, lata, twn, ttq]\n"
    "seeds: [1, 2, 3]\n";

const std::string kTexts =
    "profile: paper\nexperiments: [war_and_peace]\nmethods: [full, binaryconnect, late]\n"
    "seeds: [1, 2, 3]\n";

Comparison compared(const Bench& bench, const std::string& comparison) {
  return Claims(one(comparison)).first(bench).comparisons.at(0);
}

void fill_texts(Bench& bench, const std::string& method, const std::vector<double>& losses) {
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (!std::isnan(losses[i])) {
      bench.complete({method, static_cast<std::int64_t>(i) + 1},
                     {.test_error = 50, .test_loss = losses[i]});
    }
  }
}

}  // namespace

TEST_CASE("equal pairs decide only as far as the grid of the test pictures lets them") {
  Bench bench(kMethods);
  fill(bench, "late", {1.2, 1.3, 1.25});
  fill(bench, "twn", {1.2, 1.3, 1.25});
  const Comparison made = compared(bench, "{left: late, right: twn, below: 0}");
  CHECK(made.judgement == Judgement::undecided);
  // 10 000 test pictures: 0.01 percent; 0.01/√6 of a difference; t₀.₉₇₅(2) = 4.30265.
  CHECK(*made.difference.sd == Approx(0.01 / std::sqrt(6.0)));
  CHECK(made.interval->high == Approx(4.30265273 * 0.01 / std::sqrt(18.0)));
  CHECK(*made.p == Approx(0.5));
  CHECK(holds(made.reason, "the spread is smaller than can be seen; 0.0041 is taken"));
  CHECK(compared(bench, "{left: late, right: twn, within: margin}").judgement ==
        Judgement::supported);
  CHECK(compared(bench, "{left: late, right: twn, within: 0.01}").judgement ==
        Judgement::undecided);
}

TEST_CASE("the grid is that of the test pictures, and of a loss the unit that is shown") {
  Bench svhn("profile: paper\nexperiments: [svhn]\nmethods: [late, twn]\nseeds: [1, 2]\n");
  fill(svhn, "late", {2, 2}, "svhn");
  fill(svhn, "twn", {2, 2}, "svhn");
  CHECK(*compared(svhn, "{left: late, right: twn, below: 0}").difference.sd ==
        Approx(100.0 / 26032 / std::sqrt(6.0)));
  Bench text(kTexts);
  fill_texts(text, "late", {1.25, 1.25});
  fill_texts(text, "full", {1.25, 1.25});
  CHECK(*compared(text, "{left: late, right: full, below: 0}").difference.sd ==
        Approx(0.001 / std::sqrt(6.0)));
  // Of a slope over three doublings √½ of that: Σ(x − x̄)² is 2.
  Bench widths(
      "profile: paper\nexperiments: [svhn]\nmethods: [full, lab]\nseeds: [1, 2]\n"
      "grid: {model.width: [16, 32, 64]}\n");
  for (const std::int64_t seed : {1, 2}) {
    for (const char* width : {"16", "32", "64"}) {
      widths.complete({"full", seed, {{"model.width", width}}}, 2.0);
      widths.complete({"lab", seed, {{"model.width", width}}}, 3.0);
    }
  }
  CHECK(*compared(widths, "{left: lab, right: full, slope: model.width, below: 0}").difference.sd ==
        Approx(100.0 / 26032 / std::sqrt(12.0)));
}

TEST_CASE("nothing is supported while a side has runs that diverged") {
  Bench bench(kMethods);
  fill(bench, "late", {1.10, 1.20});
  fill(bench, "twn", {1.50, 1.61});
  CHECK(compared(bench, "{left: late, right: twn, below: 0}").judgement == Judgement::supported);
  bench.leave({"twn", 3}, State::diverged, "at epoch 2");
  const Claim claim = Claims(one("{left: late, right: twn, below: 0}")).first(bench);
  const Comparison& made = claim.comparisons.at(0);
  CHECK(made.judgement == Judgement::undecided);
  CHECK(made.reason ==
        "nothing is said while runs have diverged; LATe: seed 3 not run; TWN: seed 3 diverged at "
        "epoch 2");
  CHECK(made.diverged == std::set{bench.run_folder({"twn", 3})});
  CHECK(claim.diverged.size() == 1);
  CHECK(claim.datasets.at(0).diverged.size() == 1);
  const std::string markdown =
      render(Claims(one("{left: late, right: twn, below: 0}")).judge({bench.plan()}), "md");
  CHECK(holds(markdown, "**undecided (provisional; 1 run diverged)** | undecided (provisional; 1"));
}

TEST_CASE("what contradicts stands only if a run that diverged would contradict too") {
  Bench bench(kMethods);
  fill(bench, "late", {1.50, 1.61});
  fill(bench, "twn", {1.10, 1.20});
  const auto judgement = [&](const std::string& limits) {
    return compared(bench, "{left: late, right: twn, " + limits + "}").judgement;
  };
  bench.leave({"late", 3}, State::diverged, "at epoch 2");
  CHECK(judgement("below: 0") == Judgement::contradicted);
  CHECK(judgement("within: 0.01") == Judgement::contradicted);
  CHECK(judgement("above: 1") == Judgement::undecided);
  bench.leave({"twn", 3}, State::diverged, "at epoch 2");
  CHECK(judgement("below: 0") == Judgement::undecided);
  CHECK(judgement("within: 0.01") == Judgement::contradicted);
}

TEST_CASE("a run that diverged bars what a slope says, as it may turn it either way") {
  Bench widths(
      "profile: paper\nexperiments: [svhn]\nmethods: [full, lab]\nseeds: [1, 2, 3]\n"
      "grid: {model.width: [16, 32]}\n");
  for (const std::int64_t seed : {1, 2}) {
    for (const char* width : {"16", "32"}) {
      widths.complete({"full", seed, {{"model.width", width}}}, 2.0);
      widths.complete({"lab", seed, {{"model.width", width}}}, width[0] == '1' ? 3.0 : 4.0);
    }
  }
  const auto judgement = [&](const std::string& limit) {
    return compared(widths, "{left: lab, right: full, slope: model.width, " + limit + "}")
        .judgement;
  };
  CHECK(judgement("below: 0.5") == Judgement::contradicted);
  CHECK(judgement("above: 0.5") == Judgement::supported);
  widths.leave({"lab", 3, {{"model.width", "16"}}}, State::diverged, "at epoch 2");
  CHECK(judgement("below: 0.5") == Judgement::undecided);
  CHECK(judgement("above: 0.5") == Judgement::undecided);
}

TEST_CASE("a run that diverged counts as a guess where the claim says that divergence fails") {
  Bench bench(kTexts);
  fill_texts(bench, "full", {1.25, 1.26, 1.27});
  fill_texts(bench, "binaryconnect", {2.9, std::nan(""), 3.0});
  bench.leave({"binaryconnect", 2}, State::diverged, "at epoch 3");
  const std::string fails = "{left: binaryconnect, right: full, above: 0.3";
  CHECK(compared(bench, fails + "}").judgement == Judgement::undecided);
  CHECK(compared(bench, fails + "}").difference.n == 2);
  const Claim claim = Claims(one(fails + "}", "    diverged: fails\n")).first(bench);
  const Comparison& made = claim.comparisons.at(0);
  REQUIRE(made.difference.n == 3);
  CHECK(made.observations[1].value == Approx(std::log(87.0) - 1.26));  // 87 characters
  CHECK(made.observations[1].runs[0] == bench.run_folder({"binaryconnect", 2}));
  CHECK(holds(made.reason, "; BinaryConnect: seed 2 diverged at epoch 3, counts as a guess"));
  CHECK_FALSE(made.provisional);
  // scipy: mean 2.19530, sd 0.87612, t.interval(0.95, 2): [0.01889, 4.37171].
  CHECK(made.interval->low == Approx(0.0188912).epsilon(1e-5));
  CHECK(made.judgement == Judgement::undecided);

  // Where all diverge it is the difference of guessing.
  for (const std::int64_t seed : {1, 3}) bench.leave({"binaryconnect", seed}, State::diverged, "");
  const Comparison all = compared(bench, fails + ", diverged: fails}");
  CHECK(all.difference.mean == Approx(std::log(87.0) - 1.26));
  CHECK(all.judgement == Judgement::supported);
  const Comparison works =
      compared(bench, "{left: binaryconnect, right: full, within: margin, diverged: fails}");
  CHECK(works.judgement == Judgement::contradicted);

  Bench pictures(kMethods);
  fill(pictures, "twn", {1.0, 1.0});
  fill(pictures, "late", {1.0});
  pictures.leave({"late", 2}, State::diverged, "");
  CHECK(compared(pictures, "{left: late, right: twn, below: 0, diverged: fails}")
            .observations.at(1)
            .value == Approx(90 - 1));  // of ten classes
}

TEST_CASE("k counts the comparisons that are planned, run or not") {
  // t = 5 of two degrees of freedom: beyond the two-sided limit at 0.95 and 1 − 0.05/1, not at 1 −
  // 0.05/3 (7.6).
  const double step = 0.02 * std::sqrt(3.0);
  Bench bench(kMethods);
  fill(bench, "twn", {1, 1.2, 1.4});
  fill(bench, "lata", {1.1 - step, 1.3, 1.5 + step});
  const auto claim = [&](const std::string& left) {
    return Claims(one("{left: " + left + ", right: twn, below: 0}")).first(bench);
  };
  CHECK(claim("lata").judgement == Judgement::contradicted);
  CHECK(claim("lata").reason == "1 of 1 comparison at 95 %");
  const Claim three = claim("[lata, late, full]");
  CHECK(three.planned == 3);
  CHECK(three.judgement == Judgement::undecided);
  // LAB and BWN are not in the sweep.
  CHECK(claim("[lata, lab, bwn]").planned == 1);
  CHECK(claim("[lata, lab, bwn]").judgement == Judgement::contradicted);
}

TEST_CASE("a claim and its data sets are judged with one k, and the reason prints the level") {
  const double step = 0.02 * std::sqrt(3.0);
  Bench bench(
      "profile: paper\nexperiments: [mnist, fashion_mnist]\nmethods: [late, twn]\n"
      "seeds: [1, 2, 3]\n");
  fill(bench, "twn", {1, 1.2, 1.4});
  fill(bench, "late", {1.1 - step, 1.3, 1.5 + step});  // t = 5, as above
  const Claims claims(one("{left: late, right: twn, below: 0}"));
  const Claim before = claims.first(bench);
  CHECK(before.planned == 2);  // 6.2 at 1 − 0.05/2
  CHECK(before.datasets.at(0).judgement == Judgement::undecided);
  CHECK(before.datasets.at(0).reason ==
        "of 1 comparison at 95 % 1 contradicted; one decides alone at 97.5 %, that is 1 − 0.05/2");
  CHECK(before.judgement == Judgement::undecided);
  fill(bench, "late", {9.10, 9.20, 9.15}, "fashion_mnist");
  fill(bench, "twn", {9.00, 9.09, 9.06}, "fashion_mnist");
  const Claim after = claims.first(bench);
  CHECK(after.datasets.at(0).judgement == Judgement::undecided);
  CHECK(after.datasets.at(1).judgement == Judgement::contradicted);
  CHECK(after.judgement == Judgement::contradicted);
  CHECK(after.reason == "1 of 2 comparisons at 97.5 %, that is 1 − 0.05/2");
}

TEST_CASE("a judgement before all planned seeds are done is provisional") {
  Bench bench(kMethods);
  fill(bench, "late", {1.10, 1.20});
  fill(bench, "twn", {1.50, 1.61});
  const Claims claims(one("{left: late, right: twn, below: 0}"));
  const Claim some = claims.first(bench);
  CHECK(some.judgement == Judgement::supported);
  CHECK(some.provisional);
  CHECK(some.comparisons.at(0).provisional);
  CHECK(some.datasets.at(0).provisional);
  CHECK(holds(render(claims.judge({bench.plan()}), "text"),
              "  supported (provisional) over all: its comparison at 95 %\n"));
  const auto json =
      nlohmann::json::parse(render(claims.judge({bench.plan()}), "json"))[0]["claims"][0];
  CHECK(json["judgement"] == "supported");
  CHECK(json["provisional"] == true);
  CHECK(json["k"] == 1);
  bench.complete({"late", 3}, 1.15);
  bench.complete({"twn", 3}, 1.56);
  CHECK_FALSE(claims.first(bench).provisional);
  CHECK(holds(render(claims.judge({bench.plan()}), "text"),
              "  supported over all: its comparison at 95 %\n"));
}

TEST_CASE("the margin of a slope rests on the seeds of the slope") {
  Bench bench(
      "profile: paper\nexperiments: [svhn]\nmethods: [full, lab]\nseeds: [1, 2]\n"
      "grid: {model.width: [16, 32]}\n");
  for (const char* width : {"16", "32"}) {
    bench.complete({"full", 1, {{"model.width", width}}}, 2.0);
    bench.complete({"lab", 1, {{"model.width", width}}}, 3.0);
  }
  bench.complete({"full", 2, {{"model.width", "16"}}}, 20.0);  // a seed without its other width
  bench.complete({"lab", 2, {{"model.width", "16"}}}, 30.0);
  const Comparison made =
      compared(bench, "{left: lab, right: full, slope: model.width, below: margin}");
  CHECK(made.difference.n == 1);
  CHECK(made.region.high == Approx(0.03 * 2.0));
}

TEST_CASE("the share of solves that took all rounds is told as far as it is known") {
  Bench bench("profile: paper\nexperiments: [mnist]\nmethods: [lata, lat2a]\nseeds: [1, 2]\n");
  const auto note = [&](const std::string& method) {
    return compared(bench, "{method: " + method + ", measure: rounds, below: 5.5}").note;
  };
  const std::string begin = "of the recorded solves (the last step of each epoch) ";
  bench.complete({"lata", 1}, {.test_error = 1, .rounds = 4.0});
  CHECK(note("lata") == begin + "0.0 % stopped at the cap of 10 rounds");
  bench.complete({"lata", 2}, {.test_error = 1, .rounds = 10.0});
  CHECK(note("lata") == begin + "50.0 % stopped at the cap of 10 rounds");
  // Four groups of two scales with 9.5 rounds on average: two or three of them took ten.
  bench.complete({"lat2a", 1}, {.test_error = 1, .rounds = 9.5, .scales = 8});
  CHECK(note("lat2a") == begin +
                             "between 50.0 and 75.0 % (of several groups the mean alone is known) "
                             "stopped at the cap of 10 rounds");
  CHECK(
      holds(render(Claims(one("{method: lata, measure: rounds, below: 5.5}")).judge({bench.plan()}),
                   "text"),
            "50.0 % stopped at the cap of 10 rounds"));
}
