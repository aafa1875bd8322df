#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;
using nlohmann::json;

TEST_CASE("a sweep's table is printed in four formats, as the sweep wrote it") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "seed=1,2"}));
  for (const auto& [format, file] : {std::pair<std::string, std::string>{"md", "md"},
                                     {"latex", "tex"},
                                     {"csv", "csv"},
                                     {"json", "json"}}) {
    const Outcome table = place.laq({"table", "tiny", "seed=1,2", "--format", format});
    check_done(table);
    CHECK(table.out == read_file(place / ("results/tiny/table." + file)));
    check_done(place.laq({"table", "tiny", "seed=1,2", "--format", format, "--out", "out"}));
    CHECK(read_file(place / "out") == table.out);
  }
  const std::string markdown = read_file(place / "results/tiny/table.md");
  CHECK_THAT(markdown,
             Catch::Contains("full-precision") && Catch::Contains("LATe") && Catch::Contains("±"));
  CHECK_THAT(read_file(place / "results/tiny/table.tex"), Catch::Contains("\\begin{tabular}"));
  CHECK(count(read_file(place / "results/tiny/table.csv"), "\n") == 3);

  const json table = json::parse(read_file(place / "results/tiny/table.json"));
  REQUIRE(table["rows"].size() == 2);
  const json& cell = table["rows"][1]["cells"][0];
  CHECK(table["rows"][1]["method"] == "late");
  CHECK(cell["n"] == 2);
  double sum = 0;
  for (const auto& one : cell["runs"]) sum += one["value"].get<double>();
  CHECK(cell["mean"].get<double>() == Approx(sum / 2));
}

TEST_CASE("a table says which cells are missing and why") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "method=full"}));
  const Outcome table = place.laq({"table", "tiny"});
  check_done(table);
  CHECK_THAT(table.out, Catch::Contains("LATe") && Catch::Contains("not run"));
  const json cell =
      json::parse(place.laq({"table", "tiny", "--format", "json"}).out)["rows"][1]["cells"][0];
  CHECK(cell["n"] == 0);
  CHECK(cell["missing"].size() == 1);
}

TEST_CASE("a table says that data is missing, and which") {
  const Workplace place;
  fs::remove(place.data() / "train-labels");
  const Outcome sweep = place.laq({"sweep", "tiny", "method=full"});
  CHECK(sweep.exit_code == 1);
  CHECK_THAT(sweep.out, Catch::Contains("missing tiny full seed 1: tiny/train-labels: "));
  const Outcome table = place.laq({"table", "tiny", "method=full"});
  check_done(table);
  CHECK_THAT(table.out,
             Catch::Contains("| missing |") && Catch::Contains("train-labels not at hand"));
}

TEST_CASE("the quick profile is not compared with the paper") {
  const Workplace place;
  check_refusal(place.laq({"table", "quick", "--check"}), 2,
                {"--check", "quick", "--profile paper"});
  const Outcome table = place.laq({"table", "quick"});
  check_done(table);
  CHECK_THAT(table.out,
             Catch::StartsWith("# ") && Catch::Contains("quick profile, NOT the paper's"));
  check_refusal(place.laq({"table", "tiny", "--check"}), 2, {"--check", "nothing to compare"});
}

TEST_CASE("the check of a sweep that was not run leaves with 1") {
  const Workplace place;
  const Outcome outcome = place.laq({"table", "table1", "experiment=mnist", "--check"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out,
             Catch::Contains("missing                    LATe, MNIST") &&
                 Catch::Contains(
                     "0 of 13 cells consistent with the print, 0 off, 0 not judged, 13 missing"));
}

TEST_CASE("status shows what runs are doing") {
  const Workplace place;
  check_refusal(place.laq({"status", "nowhere"}), 1, {"nowhere", "no such folder"});
  fs::create_directory(place / "empty");
  CHECK(place.laq({"status", "empty"}).out == "no runs here\n");

  check_done(place.laq({"run", "tiny", "--runs", "runs"}));
  Program program(
      place.call({"run", "tiny", "--runs", "runs", "--method", "late", "train.epochs=100000"}));
  REQUIRE(program.wait_for_output("epoch "));
  const Outcome running = place.laq({"status", "runs"});
  check_done(running);
  CHECK_THAT(running.out, Catch::Contains("1 completed, 1 running") && Catch::Contains("/100000") &&
                              Catch::Contains("last sign of life"));
  program.send(SIGKILL);
  program.finish();
  const Outcome killed = place.laq({"status", "runs"});
  CHECK_THAT(killed.out, Catch::Contains("1 completed, 1 interrupted") &&
                             Catch::Contains("its process ended without a word"));
  write_text(place.run_folder("full", "runs") / "status.json", "{ half");
  const Outcome broken = place.laq({"status", "runs"});
  check_done(broken);
  CHECK_THAT(broken.out, Catch::Contains("unreadable") && Catch::Contains("status.json"));
}
