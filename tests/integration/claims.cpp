#include <catch2/catch.hpp>
#include <cstdlib>
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
  check_refusal(place.laq({"claims", "tiny"}), 1, {"nothing of the sweep 'tiny' was run here"});
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
  check_done(place.laq({"sweep", "tiny", "train.epochs=1"}));
  write_text(place / "configs/claims.yaml", "claims: []\n");
  check_refusal(place.laq({"claims", "tiny"}), 2, {"claims.yaml", "margins"});
}

TEST_CASE("the seeds needed and the figure of the claims") {
  const Workplace place;
  write_text(place / "configs/claims.yaml", kClaims);
  check_done(place.laq({"sweep", "tiny", "seed=1,2,3", "train.epochs=1"}));
  const auto claims = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"claims", "tiny", "seed=1,2,3", "train.epochs=1"});
    return place.laq(more);
  };
  const Outcome power = claims({"--power"});
  check_done(power);
  CHECK_THAT(power.out, Catch::Contains("LATe − full-precision < 0: none: 0 is the limit itself"));
  check_refusal(place.laq({"claims", "tiny", "seed=1,2", "train.epochs=1", "--power"}), 2,
                {"--power", "at least 3 seeds", "2 seeds at most"});
  if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  for (const std::string name : {"claims.svg", "claims.pdf"}) {
    check_done(claims({"--figure", name}));
    CHECK_THAT(read_file(place / name), Catch::StartsWith(name == "claims.svg" ? "<?xml" : "%PDF"));
  }
  CHECK_THAT(read_file(place / "claims.svg"), Catch::Contains("LATe beats full precision: ") &&
                                                  Catch::Contains("LATe − full-precision"));
  check_refusal(claims({"--figure", "claims.png"}), 2, {"claims.png", ".svg or .pdf"});
  check_refusal(place.laq({"claims", "tiny", "method=late", "--figure", "none.svg"}), 1,
                {"none.svg"});
  check_refusal(place.laq({"claims", "tiny", "seed=4"}), 1, {"no run fits seed=4", "seed=1, 2, 3"});
}
