#include <signal.h>

#include <catch2/catch.hpp>
#include <random>

#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

constexpr int kInterrupted = 75;
#ifdef LAQ_SANITIZE
constexpr int kKills = 3;
#else
constexpr int kKills = 10;
#endif

/// One run whose epochs (100 steps) are long enough to be met in the middle.
class Resumed {
 public:
  explicit Resumed(const std::string& method) : method_(method) { check_done(run(call("whole"))); }

  fs::path folder(const std::string& runs) const { return place_.run_folder(method_, runs); }
  const Workplace& place() const { return place_; }

  Call call(const std::string& runs) const {
    return place_.call({"run", "tiny", "--method", method_, "--seed", "5", "--runs", runs,
                        "train.epochs=40", "model.hidden=[32, 24]"});
  }

  /// Waits until `epochs` more epochs are done, then a random part of one.
  void meet(Program& program, int epochs) {
    REQUIRE(program.wait_for_output("epoch ", epochs));
    wait(0.04);
  }
  void wait(double at_most) { pause(std::uniform_real_distribution<double>(0, at_most)(random_)); }

  void check_same(const std::string& runs) const {
    CHECK(status_of(folder(runs)).state == record::State::completed);
    CHECK(first_difference(folder("whole"), folder(runs)) == "");
  }

 private:
  Workplace place_;
  std::string method_;
  std::mt19937 random_{std::random_device{}()};
};

void check_signals(Resumed& run) {
  int in_epoch = 0;
  for (const int signal_number : {SIGTERM, SIGINT, SIGTERM}) {
    Program program(run.call("stopped"));
    run.meet(program, 2);
    program.send(signal_number);
    const Outcome outcome = program.finish();
    INFO(outcome.command << "\n" << outcome.out << outcome.err);
    REQUIRE(outcome.exit_code == kInterrupted);
    CHECK(outcome.err.empty());
    CHECK_THAT(outcome.out, Catch::Contains("the same command goes on"));
    const record::Status status = status_of(run.folder("stopped"));
    CHECK(status.state == record::State::interrupted);
    CHECK_FALSE(status.reason.empty());
    in_epoch += steps_in_epoch(run.folder("stopped")) > 0;
  }
  CHECK(in_epoch > 0);
  check_done(integration::run(run.call("stopped")));
  run.check_same("stopped");
}

void check_kills(Resumed& run) {
  int kills = 0;
  while (kills < kKills) {
    Program program(run.call("killed"));
    if (kills % 2 == 0) {
      run.meet(program, 1);
    } else {
      run.wait(0.4);  // while it starts, too
    }
    program.send(SIGKILL);
    if (program.finish().signal != SIGKILL) break;  // completed before
    ++kills;
  }
  CHECK(kills >= kKills / 2);
  check_done(integration::run(run.call("killed")));
  run.check_same("killed");
}

void check_method(const std::string& method) {
  Resumed run(method);
  check_signals(run);
  check_kills(run);
}

}  // namespace

TEST_CASE("a stopped or killed run ends as one that was not: late") {
  check_method("late");
}

TEST_CASE("a stopped or killed run ends as one that was not: lata") {
  check_method("lata");
}

TEST_CASE("a stopped or killed run ends as one that was not: ttq") {
  check_method("ttq");
}

TEST_CASE("a stopped or killed run ends as one that was not: laq3_log") {
  check_method("laq3_log");
}

TEST_CASE("a stopped or killed run ends as one that was not: lat2a") {
  check_method("lat2a");
}

TEST_CASE("a run is trained by one process at a time") {
  const Workplace place;
  const Call call = place.call({"run", "tiny", "train.epochs=100000"});
  Program first(call);
  REQUIRE(first.wait_for_output("epoch "));
  check_refusal(run(call), 1,
                {place.run_folder().filename().string(), "another process", "--runs"});
  CHECK(first.running());
  CHECK(status_of(place.run_folder()).state == record::State::running);
  first.send(SIGTERM);
  CHECK(first.finish().exit_code == kInterrupted);
}

TEST_CASE("a checkpoint that cannot be used is named, not overwritten") {
  const Workplace place;
  const Call call = place.call({"run", "tiny", "train.epochs=100000"});
  Program program(call);
  REQUIRE(program.wait_for_output("epoch "));
  program.send(SIGTERM);
  REQUIRE(program.finish().exit_code == kInterrupted);
  const fs::path file = place.run_folder() / "checkpoint.h5";
  fs::resize_file(file, fs::file_size(file) / 2);
  const auto size = fs::file_size(file);
  const Outcome outcome = run(call);
  check_refusal(outcome, 1, {"checkpoint.h5", "delete the file"});
  CHECK(fs::file_size(file) == size);
  CHECK(status_of(place.run_folder()).state == record::State::failed);
}
