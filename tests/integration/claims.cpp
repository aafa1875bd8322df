#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
using nlohmann::json;

namespace {

constexpr const char* kClaims = R"(
margins: {test_error: 0.03, test_loss: 0.01}
claims:
  - name: late_beats_full
    text: LATe beats full precision
    compare: [{left: late, right: full, below: 0}]
)";

}  // namespace

TEST_CASE("claims are judged by the records of a sweep's runs") {
  const Workplace place;
  write_text(place / "configs/claims.yaml", kClaims);
  const auto comparison = [&](const std::string& seeds) {
    const Outcome outcome = place.laq({"claims", "tiny", seeds, "--format", "json"});
    check_done(outcome);
    return json::parse(outcome.out)[0]["claims"][0]["comparisons"][0];
  };
  CHECK(comparison("seed=1,2")["judgement"] == "missing");
  check_done(place.laq({"sweep", "tiny", "seed=1,2"}));
  CHECK(comparison("seed=1")["judgement"] == "undecided");

  const json made = comparison("seed=1,2");
  CHECK(made["n"] == 2);
  const json table = json::parse(place.laq({"table", "tiny", "seed=1,2", "--format", "json"}).out);
  const auto mean = [&](std::size_t row) {
    return table["rows"][row]["cells"][0]["mean"].get<double>();
  };
  CHECK(made["mean"].get<double>() == Approx(mean(1) - mean(0)).margin(1e-9));

  const Outcome text = place.laq({"claims", "tiny", "seed=1,2"});
  check_done(text);
  CHECK_THAT(text.out, Catch::Contains("late_beats_full: LATe beats full precision"));
  check_done(place.laq({"claims", "tiny", "seed=1,2", "--format", "md", "--out", "claims.md"}));
  CHECK(read_file(place / "claims.md").starts_with("# Claims: "));
}

TEST_CASE("what laq claims refuses") {
  const Workplace place;
  check_refusal(place.laq({"claims", "seed=1"}), 2, {"no sweep"});
  check_refusal(place.laq({"claims", "tyni"}), 2, {"unknown sweep 'tyni'", "tiny"});
  check_refusal(place.laq({"claims", "tiny", "quick", "--runs", "runs"}), 2, {"--runs"});
  write_text(place / "configs/claims.yaml", "claims: []\n");
  check_refusal(place.laq({"claims", "tiny"}), 2, {"claims.yaml", "margins"});
}
