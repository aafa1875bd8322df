#include <nlohmann/json.hpp>

#include "analysis/claims_power.hpp"
#include "claims_support.hpp"
#include "support/catch.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

/// LATe − LATa is 0.02, −0.01, 0.03, 0 and −0.02: standard deviation 0.0207.
struct Sample : Bench {
  explicit Sample(std::size_t seeds = 5)
      : Bench(
            "profile: paper\nexperiments: [mnist]\nmethods: [late, lata, twn]\n"
            "seeds: [1, 2, 3, 4, 5]\n") {
    std::vector<double> late = {1.22, 1.20, 1.29, 1.23, 1.19},
                        lata = {1.20, 1.21, 1.26, 1.23, 1.21};
    late.resize(seeds);
    lata.resize(seeds);
    fill(*this, "late", late);
    fill(*this, "lata", lata);
  }
};

SeedsNeeded needed(const Bench& bench, const std::string& comparison,
                   const std::string& more = "") {
  const Claim claim = Claims(one(comparison, more)).first(bench);
  return seeds_needed(claim, claim.comparisons.at(0), 0.95);
}

using Seeds = std::vector<std::size_t>;

Seeds numbers(const SeedsNeeded& of) {
  return {of.least.value_or(0), of.seeds.value_or(0), of.most.value_or(0)};
}

}  // namespace

// The numbers by integrating Φ(t u − δ) over the density of χ/√ν (numpy), not by this library.
TEST_CASE("seeds that a comparison needs at the spread seen") {
  const Sample sample;
  const SeedsNeeded tie = needed(sample, "{left: late, right: lata, within: 0.02}");
  CHECK(tie.verdict == Judgement::supported);
  CHECK(tie.level == 0.95);
  CHECK(tie.chance == Approx(0.8));
  CHECK(tie.spread->low == Approx(0.01346428).epsilon(1e-6));
  CHECK(tie.spread->high == Approx(0.04919421).epsilon(1e-6));
  CHECK(numbers(tie) == Seeds{7, 14, 66});
  CHECK(numbers(needed(sample, "{left: late, right: lata, below: 0.02}")) == Seeds{6, 11, 50});
}

TEST_CASE("where all comparisons must hold each gets a share of what may be missed") {
  const Sample sample;
  const SeedsNeeded tie = needed(sample, "{left: late, right: [lata, twn], within: 0.02}");
  CHECK(tie.chance == Approx(0.9));
  CHECK(numbers(tie) == Seeds{9, 17, 81});
  // Where one is enough it decides at the corrected level.
  const SeedsNeeded any =
      needed(sample, "{left: late, right: [lata, twn], below: 0.02}", "    any: true\n");
  CHECK(any.chance == Approx(0.8));
  CHECK(any.level == Approx(0.975));
  CHECK(numbers(any) == Seeds{8, 13, 61});
}

TEST_CASE("what is right of a difference of 0") {
  const Sample sample;
  const SeedsNeeded against = needed(sample, "{left: late, right: lata, above: 0.02}");
  CHECK(against.verdict == Judgement::contradicted);
  CHECK(numbers(against) == Seeds{6, 11, 50});
  const SeedsNeeded none = needed(sample, "{left: late, right: lata, below: 0}");
  CHECK(none.refusal == "none: 0 is the limit itself");
  CHECK_FALSE(none.seeds);
}

TEST_CASE("three seeds give a least number, two are refused") {
  const Sample three(3);
  const Claims claims(one("{left: late, right: lata, within: 0.02}"));
  const Claim claim = claims.first(three);
  const Comparison& made = claim.comparisons.at(0);
  CHECK(seeds_text(made, seeds_needed(claim, made, 0.95)) == "at least 7 (14 at the spread seen)");
  const Sample two(2);
  CHECK(needed(two, "{left: late, right: lata, within: 0.02}").refusal ==
        "refused: n = 2, and a spread takes 3 seeds");
  CHECK(holds(message([&] { render_power(claims.judge({two.plan()}), "text"); }),
              "--power needs the spread of at least 3 seeds"));
}

TEST_CASE("the seeds needed are shown in three formats") {
  const Sample sample;
  const auto reports =
      Claims(one("{left: late, right: [lata, twn], within: 0.02}")).judge({sample.plan()});
  const std::string text = render_power(reports, "text");
  CAPTURE(text);
  CHECK(holds(text,
              "  MNIST: |LATe − LATa| < 0.02: 17 [9 to 81]; supported at 95 % with chance 90 %; "
              "spread 0.021 [0.013, 0.049] points, n = 5\n"));
  CHECK(holds(text, "|LATe − TWN| < 0.02: refused: n = 0, and a spread takes 3 seeds\n"));
  CHECK(holds(text, "noncentral t"));
  CHECK(holds(render_power(reports, "md"), " 17 [9 to 81] "));
  const auto json = nlohmann::json::parse(render_power(reports, "json"));
  CHECK(json[0]["claims"][0]["comparisons"][0]["seeds"] == 17);
  CHECK(json[0]["claims"][0]["comparisons"][1]["seeds"].is_null());
}
