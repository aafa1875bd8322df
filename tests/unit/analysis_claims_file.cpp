#include <nlohmann/json.hpp>
#include <set>

#include "analysis/claims.hpp"
#include "analysis/claims_file.hpp"
#include "analysis_support.hpp"
#include "core/files.hpp"
#include "support/catch.hpp"
#include "sweep/plan.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

const std::string kHead = "margins: {test_error: 0.03, test_loss: 0.01}\nclaims:\n";

std::string refusal(const std::string& yaml) {
  const Folder folder;
  for (const char* part : {"methods", "experiments"}) {
    std::filesystem::copy(configs() / part, folder / part);
  }
  replace_file(folder / "claims.yaml", yaml);
  return message([&] { load_claims(folder.path(), folder / "claims.yaml"); });
}

std::string claim(const std::string& comparison, const std::string& name = "c") {
  return "  - name: " + name + "\n    text: t\n    compare: [" + comparison + "]\n";
}

}  // namespace

TEST_CASE("what is claimed of later methods names methods of their sweep") {
  sweep::PlanRequest request;
  request.sweep = "later";
  request.runs = "/nonexistent";
  const auto report = judge_claims(configs(), std::vector{sweep::make_plan(configs(), request)},
                                   {.file = configs() / "later_claims.yaml", .select_valid = true})
                          .at(0);
  for (const auto& one : report.claims) {
    INFO(one.name);
    CHECK(one.datasets.size() == 4);
    for (const auto& comparison : one.comparisons) CHECK(comparison.planned);
  }
}

TEST_CASE("the project's claims are made by the papers' sweeps") {
  std::vector<sweep::Plan> plans;
  for (const char* sweep : {"table1", "table2", "width", "steps"}) {
    sweep::PlanRequest request;
    request.sweep = sweep;
    request.runs = "/nonexistent";
    plans.push_back(sweep::make_plan(configs(), request));
  }
  const auto reports = judge_claims(configs(), plans);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].of_the_paper());
  CHECK(reports[0].claims.size() ==
        load_claims(configs(), configs() / "claims.yaml").claims.size());
  for (const auto& one : reports[0].claims) {
    INFO(one.name);
    CHECK_FALSE(one.comparisons.empty());
    CHECK(one.judgement == Judgement::missing);
    for (const auto& comparison : one.comparisons) {
      INFO(comparison.dataset << ": " << comparison.statement);
      CHECK_FALSE(holds(comparison.reason, "is not in the sweeps"));
    }
  }
}

TEST_CASE("a wrong claim is an error that names it") {
  const std::string good = "{left: late, right: twn, below: 0}";
  CHECK(refusal(kHead + claim(good)).empty());
  const auto refused = [&](const std::string& comparison) {
    const std::string text = refusal(kHead + claim(comparison));
    CHECK(holds(text, "claims.yaml:"));
    return text;
  };
  CHECK(holds(refused("{left: laqe, right: twn, below: 0}"), "did you mean 'late'?"));
  CHECK(holds(refused("{left: late, below: 0}"), "right"));
  CHECK(holds(refused("{right: late, below: 0}"), "left"));
  CHECK(holds(refused("{left: late, right: twn}"), "below"));
  CHECK(holds(refused("{left: late, right: twn, below: 0, above: 1}"), "once"));
  CHECK(holds(refused("{left: late, right: twn, below: small}"), "below"));
  CHECK(holds(refused("{left: late, right: twn, within: 0}"), "within"));
  CHECK(holds(refused("{left: late, right: twn, below: 0, colour: red}"), "colour"));
  CHECK(holds(refused("{left: late, right: twn, below: 0, experiments: [mnst]}"), "mnist"));
  CHECK(holds(refused("{method: late, measure: speed, below: 0}"), "rounds"));
  CHECK(holds(refused("{method: late, measure: rounds, slope: a, below: 0}"), "slope"));
  CHECK(holds(refused("{left: late, right: twn, below: 0, diverged: counts}"), "must be 'fails'"));
  CHECK(holds(refused("{method: late, measure: rounds, below: 5, diverged: fails}"), "diverged"));
  CHECK(holds(refusal(kHead + claim(good) + claim(good)), "two claims named 'c'"));
  CHECK(holds(refusal("claims:\n" + claim(good)), "margins"));
  CHECK(holds(refusal("margins: {test_error: 0.03, test_loss: 0.01}\n"), "claims"));
}

TEST_CASE("claims are shown in three formats") {
  Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late, lata, twn, laq3_log, "
      "laq3_linear]\n"
      "seeds: [1, 2]\n");
  for (const std::int64_t seed : {1, 2}) {
    const auto at = static_cast<double>(seed);
    bench.complete({"laq3_log", seed}, 1.2 + 0.001 * at);
    bench.complete({"laq3_linear", seed}, 1.3);
    bench.complete({"late", seed}, 1.1);
  }
  const auto reports = judge_claims(configs(), {bench.plan()});
  const std::string text = render(reports, "text");
  CAPTURE(text);
  CHECK(holds(text, "Claims: quick profile, NOT the paper's protocol\n"));
  CHECK(holds(text,
              "log_at_least_linear: At 3 bits, log levels are at least as good as linear ones\n  "
              "supported over all: its comparison at 95 %\n"));
  CHECK(holds(text,
              "supported    LAQ log (3 bits) − LAQ linear (3 bits) < 0.039 (3 % of LAQ linear (3 "
              "bits)): −0.10 [−0.14, −0.06] points; n = 2;"));
  CHECK(holds(text, ", seeds 1, 2"));
  CHECK(holds(text, "with 95 % t intervals"));
  CHECK(holds(text, "the spread is smaller than can be seen; 0.0041 is taken"));

  const std::string markdown = render(reports, "md");
  CAPTURE(markdown);
  CHECK(holds(markdown, "Bonferroni"));
  CHECK(holds(markdown, "on these test pictures (or this test text) and this split of the data"));
  CHECK(holds(markdown, "# Claims: quick profile, NOT the paper's protocol\n"));
  CHECK(holds(markdown, "| At 3 bits, log levels are at least as good as linear ones "));
  CHECK(holds(markdown,
              "## At 3 bits, log levels are at least as good as linear ones\n\nsupported over "
              "all: its comparison at 95 %.\n"));

  const auto all = nlohmann::json::parse(render(reports, "json"));
  REQUIRE(all.size() == 1);
  CHECK(all[0]["level"] == 0.95);
  std::set<std::string> judgements;
  for (const auto& one : all[0]["claims"]) {
    judgements.insert(one["judgement"].get<std::string>());
    if (one["name"] != "log_at_least_linear") continue;
    const auto& made = one["comparisons"][0];
    CHECK(made["n"] == 2);
    CHECK(made["mean"].get<double>() == Approx(-0.0985));
    CHECK(made["interval"][1].get<double>() < 0);
    CHECK(made["below"].get<double>() == Approx(0.039));
    CHECK(made["above"].is_null());
    CHECK(made["seeds"][1]["runs"].size() == 2);
  }
  CHECK(judgements == std::set<std::string>{"supported", "missing"});
}
