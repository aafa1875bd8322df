#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

constexpr int kInterrupted = 75;

void check_plan(const Outcome& outcome, const std::string& head) {
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::StartsWith("sweep ") && Catch::Contains(head));
}

/// No process that was started in this folder is left.
void check_nothing_left(const Workplace& place) {
  std::size_t left = 1;
  for (int i = 0; i < 200 && left > 0; ++i) {
    left = processes_with(place.path().string()).size();
    if (left > 0) pause(0.05);
  }
  CHECK(left == 0);
}

/// A sweep of long runs; the folder's name on the command line tells its processes from others.
Call long_sweep(const Workplace& place) {
  return place.call({"sweep", "tiny", "--jobs", "2", "--runs", (place / "runs").string(),
                     "train.epochs=60", "model.hidden=[64, 64]"});
}

}  // namespace

TEST_CASE("sweep --dry-run prints the plan and makes nothing") {
  const Workplace place;
  const Outcome outcome = place.laq({"sweep", "tiny", "--dry-run"});
  check_plan(outcome, "2 runs, 0 done, 2 to do, about ");
  CHECK(count(outcome.out, "  queued ") == 2);
  for (const char* part : {"tiny full seed 1", "tiny late seed 1", "results/tiny/runs/tiny/full-"})
    CHECK_THAT(outcome.out, Catch::Contains(part));
  CHECK_FALSE(fs::exists(place / "results"));
}

TEST_CASE("words replace and add axes of a sweep") {
  const Workplace place;
  const auto plan = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"sweep", "tiny", "--dry-run"});
    const Outcome outcome = place.laq(words);
    check_done(outcome);
    return outcome.out;
  };
  const std::string seeds = plan({"method=full,twn,late", "seed=1,2"});
  CHECK(count(seeds, "  queued ") == 6);
  CHECK_THAT(seeds, Catch::Contains("tiny twn seed 2"));
  const std::string bits = plan({"method=laq3_linear", "quantizer.bits=range(2,5)"});
  CHECK(count(bits, "  queued ") == 3);
  for (const char* point : {"quantizer.bits=2", "quantizer.bits=3", "quantizer.bits=4"})
    CHECK_THAT(bits, Catch::Contains(point));
  CHECK_THAT(bits, !Catch::Contains("quantizer.bits=5"));
  CHECK(count(plan({"method=full", "model.hidden=[8],[8, 8]"}), "  queued ") == 2);
  CHECK(count(plan({"train.epochs=1"}), "  queued ") == 2);
  CHECK(count(plan({"experiment=tiny,fashion_mnist"}), "  queued ") == 4);
}

TEST_CASE("a sweep that selects runs one seed of every setting, and all of the chosen one") {
  const Workplace place;
  const Outcome outcome =
      place.laq({"sweep", "tiny", "--select", "valid", "method=late,twn", "seed=1,2,3",
                 "train.learning_rate=0.01,0.00001", "train.epochs=2"});
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("4 runs, 0 done") &&
                              Catch::Contains("note: the first seed of every setting") &&
                              Catch::Contains("6 runs, 2 done") &&
                              Catch::Contains("note: late on tiny: train.learning_rate=") &&
                              Catch::Contains("by seed 1"));
  CHECK(count(outcome.out, "done   tiny ") == 8);
  const std::string table = read_file(place / "results/tiny/table.md");
  CHECK(count(table, " learning_rate=0.01 |") == 2);
  const Outcome again =
      place.laq({"sweep", "tiny", "--select", "valid", "method=late,twn", "seed=1,2,3",
                 "train.learning_rate=0.01,0.00001", "train.epochs=2"});
  check_done(again);
  CHECK_THAT(again.out, Catch::StartsWith("sweep tiny") && Catch::Contains("6 runs, 6 done"));
  CHECK_THAT(place.laq({"sweep", "tiny", "--select", "valid"}).err,
             Catch::Contains("the sweep has one setting of each method"));
}

TEST_CASE("a finished run whose record is of no use is named, and the sweep is not done") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny"}));
  const fs::path late = place.run_folder("late", "results/tiny/runs");
  fs::resize_file(late / "run.h5", 1000);
  const Outcome outcome = place.laq({"sweep", "tiny"});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, Catch::Contains("the records of 1 finished runs are of no use (") &&
                              Catch::Contains("/late-") && Catch::Contains("remove these folders"));
  CHECK_THAT(place.laq({"status"}).out, Catch::Contains("1/2") && Catch::Contains("unreadable"));
}

TEST_CASE("a sweep's name is one of a folder") {
  const Workplace place;
  for (const char* name : {"a/b", "..", "."}) {
    check_refusal(place.laq({"sweep", "tiny", "--name", name}), 2,
                  {"--name", "is no name of a sweep"});
  }
}

TEST_CASE("a method that words alter is called what it ran as") {
  const Workplace place;
  const Outcome outcome = place.laq({"sweep", "tiny", "method=late", "quantizer.group=row"});
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("start  tiny late seed 1 (LATe, group row)") &&
                              Catch::Contains("done   tiny late seed 1 (LATe, group row)") &&
                              Catch::Contains("\n| LATe, group row |"));
}

TEST_CASE("a sweep runs what is missing, skips what is completed and writes its tables") {
  const Workplace place;
  const Outcome first = place.laq({"sweep", "tiny", "--jobs", "2"});
  check_plan(first, "2 runs, 0 done, 2 to do");
  // Both were started before one had ended.
  CHECK(first.out.rfind("start  ") < first.out.find("done   "));
  CHECK_THAT(first.out, Catch::Contains("done   tiny full seed 1: test error ") &&
                            Catch::Contains("done   tiny late seed 1: test error ") &&
                            Catch::Contains(" %  [1/2, ") && Catch::Contains("[2/2, "));
  for (const char* name : {"md", "tex", "csv", "json"})
    CHECK(fs::exists(place / (std::string("results/tiny/table.") + name)));

  const fs::path record = place.run_folder("late", "results/tiny/runs") / "run.h5";
  const auto written = fs::last_write_time(record);
  const Outcome second = place.laq({"sweep", "tiny", "method=full,late,bwn", "--extend"});
  check_plan(second, "3 runs, 2 done, 1 to do");
  CHECK(count(second.out, "start  ") == 1);
  CHECK_THAT(second.out, Catch::Contains("start  tiny bwn seed 1"));
  CHECK(fs::last_write_time(record) == written);
  check_plan(place.laq({"sweep", "tiny", "--dry-run"}), "2 runs, 2 done, 0 to do");
}

TEST_CASE("a sweep runs what lacked its data once that is there") {
  const Workplace place;
  fs::rename(place / "data", place / "away");
  const Outcome failed = place.laq({"sweep", "tiny"});
  CHECK(failed.exit_code == 1);
  CHECK(count(failed.out, "missing tiny ") == 2);
  CHECK_THAT(failed.out, Catch::Contains("laq data fetch tiny"));
  CHECK_THAT(failed.err, Catch::StartsWith("laq: ") && Catch::Contains("2 of 2 runs"));
  CHECK_THAT(read_file(place.run_folder("full", "results/tiny/runs") / "log.txt"),
             Catch::Contains("missing"));
  CHECK_THAT(read_file(place / "results/tiny/table.md"), Catch::Contains("missing"));

  fs::rename(place / "away", place / "data");
  const Outcome plan = place.laq({"sweep", "tiny", "--dry-run"});
  check_plan(plan, "2 runs, 0 done, 2 to do");
  CHECK(count(plan.out, "  queued ") == 2);
  const Outcome done = place.laq({"sweep", "tiny"});
  check_done(done);
  CHECK(count(done.out, "done   ") == 2);
}

TEST_CASE("a sweep that is stopped leaves no process, and goes on when called again") {
  const Workplace place;
  for (const int signal_number : {SIGTERM, SIGINT}) {
    Program sweep(long_sweep(place));
    REQUIRE(sweep.wait_for_output("start  ", 2));
    REQUIRE(sweep.wait_for_file(place / "runs"));
    for (const std::string method : {"full", "late"})
      sweep.wait_for_file(place.run_folder(method, "runs") / "checkpoint.h5");
    pause(0.05);
    sweep.send(signal_number);
    const Outcome outcome = sweep.finish();
    INFO(outcome.out << outcome.err);
    REQUIRE(outcome.exit_code == kInterrupted);
    CHECK(outcome.err.empty());
    CHECK_THAT(outcome.out, Catch::Contains("the same command goes on"));
    check_nothing_left(place);
    for (const std::string method : {"full", "late"})
      CHECK(status_of(place.run_folder(method, "runs")).state == record::State::interrupted);
  }
  const Outcome done = run(long_sweep(place));
  check_done(done);
  CHECK(count(done.out, "done   ") == 2);
  check_done(place.laq({"run", "tiny", "--method", "late", "--runs", "alone", "train.epochs=60",
                        "model.hidden=[64, 64]"}));
  CHECK(first_difference(place.run_folder("late", "alone"), place.run_folder("late", "runs")) ==
        "");
}

TEST_CASE("a sweep that is stopped at any moment leaves with 75 and no process") {
  const Workplace place;
  for (const double delay : {0.0, 0.1, 0.2, 0.3}) {
    Program sweep(long_sweep(place));
    REQUIRE(sweep.wait_for_output("start  "));
    pause(delay);
    sweep.send(SIGTERM);
    const Outcome outcome = sweep.finish();
    INFO(delay << " s\n" << outcome.out << outcome.err);
    CHECK(outcome.exit_code == kInterrupted);
    CHECK_THAT(outcome.out, !Catch::Contains("failed"));
    check_nothing_left(place);
  }
}

TEST_CASE("a sweep that is killed takes its runs with it") {
  const Workplace place;
  Program sweep(long_sweep(place));
  REQUIRE(sweep.wait_for_output("start  ", 2));
  sweep.wait_for_file(place.run_folder("late", "runs") / "checkpoint.h5");
  sweep.send(SIGKILL);
  CHECK(sweep.finish().signal == SIGKILL);
  check_nothing_left(place);
  check_done(run(long_sweep(place)));
}

TEST_CASE("a run of a sweep that is killed counts as failed, and the others go on") {
  const Workplace place;
  Program sweep(long_sweep(place));
  REQUIRE(sweep.wait_for_output("start  ", 2));
  const fs::path late = place.run_folder("late", "runs");
  sweep.wait_for_file(late / "checkpoint.h5");
  ::kill(static_cast<pid_t>(status_of(late).pid), SIGKILL);
  const Outcome outcome = sweep.finish();
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.out, Catch::Contains("failed tiny late seed 1: ended by signal 9") &&
                              Catch::Contains("done   tiny full seed 1"));
  CHECK_THAT(place.laq({"status", "runs"}).out,
             Catch::Contains("1 completed, 1 failed") && Catch::Contains("ended by signal 9"));
  check_done(run(long_sweep(place)));
}

TEST_CASE("a sweep says which data it runs on instead") {
  const Workplace place;
  write_text(place / "configs/datasets/away.yaml", tiny_dataset_yaml(tiny_files()));
  write_text(place / "configs/experiments/away.yaml",
             "extends: [experiments/tiny]\ndataset: away\n");
  write_text(place / "configs/sweeps/instead.yaml",
             "title: Instead\nprofile: paper\nexperiments: [away]\nmethods: [full]\n"
             "fallbacks: {away: tiny}\n");
  const Outcome instead = place.laq({"sweep", "instead", "--dry-run"});
  check_plan(instead, "1 runs, 0 done");
  CHECK_THAT(instead.out, Catch::Contains("note: ") && Catch::Contains("'away' is not at hand") &&
                              Catch::Contains("'tiny'") && Catch::Contains("queued       tiny"));
  const Outcome done = place.laq({"sweep", "instead"});
  check_done(done);
  for (const char* name : {"md", "tex", "json"})
    CHECK_THAT(read_file(place / (std::string("results/instead/table.") + name)),
               Catch::Contains("is not at hand"));

  fs::copy(place.data(), place / "data/away", fs::copy_options::recursive);
  const Outcome with_data = place.laq({"sweep", "instead", "--dry-run"});
  check_plan(with_data, "1 runs, 0 done");
  CHECK_THAT(with_data.out, !Catch::Contains("note: ") && Catch::Contains("queued       away"));
}

TEST_CASE("without MNIST the quick sweep takes Fashion-MNIST") {
  if (!has_fashion_mnist()) {
    WARN("skipped: Fashion-MNIST is not here (package dataset-fashion-mnist)");
    return;
  }
  const Workplace place;
  const Outcome outcome = place.laq({"sweep", "quick", "--dry-run", "--data-dir", "nowhere"});
  check_plan(outcome, "15 runs, 0 done, 15 to do");
  CHECK_THAT(outcome.out, Catch::Contains("note: The data of 'mnist' is not at hand") &&
                              Catch::Contains("'fashion_mnist'"));
  CHECK(count(outcome.out, "queued       fashion_mnist ") == 15);
}
