#include <signal.h>

#include <catch2/catch.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

Call sweep_of(const Workplace& place, const std::string& seeds,
              std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"sweep", "tiny", "--runs", (place / "runs").string(), "method=full",
                             "seed=" + seeds, "train.epochs=20"});
  return place.call(more);
}

fs::path folder_of_seed(const Workplace& place, int seed) {
  for (const auto& method : fs::directory_iterator(place / "runs/tiny"))
    return method.path() / ("seed-" + std::to_string(seed));
  return {};
}

}  // namespace

TEST_CASE("two sweeps on one folder share the work") {
  const Workplace place;
  Program first(sweep_of(place, "range(1,9)")), second(sweep_of(place, "range(1,9)"));
  const Outcome a = first.finish(), b = second.finish();
  INFO(a.out << a.err << b.out << b.err);
  check_done(a);
  check_done(b);
  CHECK(count(a.out, "start  ") > 0);
  CHECK(count(b.out, "start  ") > 0);
  CHECK(count(a.out, "start  ") + count(b.out, "start  ") == 8);
  const std::string both = a.out + b.out;
  for (int seed = 1; seed <= 8; ++seed)
    CHECK(count(both, "start  tiny full seed " + std::to_string(seed)) == 1);
  // Each knows in the end that all is done, and no lease is left.
  CHECK_THAT(a.out, Catch::Contains("[8/8, "));
  CHECK_THAT(b.out, Catch::Contains("[8/8, "));
  for (const auto& entry : fs::recursive_directory_iterator(place / "runs"))
    CHECK_FALSE(entry.path().filename().string().starts_with("lease"));
}

TEST_CASE("a failed run is tried by one of two sweeps that share the work") {
  const Workplace place;
  write_text(place.data() / "train-labels", "not data\n");
  Program first(sweep_of(place, "1,2,3,4")), second(sweep_of(place, "1,2,3,4"));
  const Outcome a = first.finish(), b = second.finish();
  INFO(a.out << a.err << b.out << b.err);
  CHECK(a.exit_code == 1);
  CHECK(b.exit_code == 1);
  CHECK(count(a.out, "start  ") + count(b.out, "start  ") == 4);
}

TEST_CASE("a killed sweep's runs are taken over by the other") {
  const Workplace place;
  const std::vector<std::string> longer{"train.epochs=150"};
  Program first(sweep_of(place, "1,2", longer));
  REQUIRE(first.wait_for_output("start  tiny full seed 1"));
  first.wait_for_file(folder_of_seed(place, 1) / "run.h5");
  Program second(sweep_of(place, "1,2", longer));
  REQUIRE(second.wait_for_output("other  tiny full seed 1: in the hands of "));
  first.send(SIGKILL);
  CHECK(first.finish().signal == SIGKILL);
  const Outcome outcome = second.finish();
  INFO(outcome.out << outcome.err);
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("start  tiny full seed 1") &&
                              Catch::Contains("done   tiny full seed 2"));
}

TEST_CASE("the lease of another machine is respected until its heartbeat stops") {
  const Workplace place;
  check_done(run(sweep_of(place, "1", {"train.epochs=1"})));
  const fs::path folder = folder_of_seed(place, 1);
  fs::remove(folder / "status.json");
  write_text(
      folder / "lease",
      R"({"host":"another-machine","pid":7,"process":"p","token":"t","heartbeat":"x","beats":"1"})");
  Program waiting(sweep_of(place, "1", {"train.epochs=1"}));
  REQUIRE(waiting.wait_for_output("other  tiny full seed 1: in the hands of another-machine:7"));
  pause(2);
  CHECK(waiting.running());
  CHECK(count(waiting.out(), "start  ") == 0);
  waiting.send(SIGTERM);
  CHECK(waiting.finish().exit_code == 75);

  const Outcome outcome = run(sweep_of(place, "1", {"train.epochs=1", "--stale-after", "1"}));
  check_done(outcome);
  CHECK(outcome.out.find("other  ") < outcome.out.find("start  "));
  CHECK_FALSE(fs::exists(folder / "lease"));
}
