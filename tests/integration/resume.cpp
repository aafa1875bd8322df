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

/// One run that nothing disturbs, and the same one that is stopped and killed. Its epochs (100
/// steps) are long enough to be met in the middle.
class Disturbed {
 public:
  explicit Disturbed(const std::string& method) : method_(method) {
    check_done(run(call("whole")));
  }

  void stop(int signal_number);
  void kill();
  void check_same() const;

 private:
  fs::path folder(const std::string& runs) const { return place_.run_folder(method_, runs); }
  Call call(const std::string& runs) const {
    return place_.call({"run", "tiny", "--method", method_, "--seed", "5", "--runs", runs,
                        "train.epochs=30", "model.hidden=[32, 24]"});
  }
  void wait(double at_most) { pause(std::uniform_real_distribution<double>(0, at_most)(random_)); }

  Workplace place_;
  std::string method_;
  std::mt19937 random_{std::random_device{}()};
  int in_epoch_ = 0, kills_ = 0;
};

void Disturbed::stop(int signal_number) {
  Program program(call("disturbed"));
  REQUIRE(program.wait_for_output("epoch ", 2));
  wait(0.04);
  program.send(signal_number);
  const Outcome outcome = program.finish();
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  REQUIRE(outcome.exit_code == kInterrupted);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, Catch::Contains("the same command goes on"));
  const record::Status status = status_of(folder("disturbed"));
  CHECK(status.state == record::State::interrupted);
  CHECK_FALSE(status.reason.empty());
  in_epoch_ += steps_in_epoch(folder("disturbed")) > 0;
}

void Disturbed::kill() {
  Program program(call("disturbed"));
  if (random_() % 2 == 0) {
    program.wait_for_output("epoch ");
    wait(0.04);
  } else {
    wait(0.4);  // while it starts, too
  }
  program.send(SIGKILL);
  kills_ += program.finish().signal == SIGKILL;  // otherwise it had ended before
}

void Disturbed::check_same() const {
  CHECK(in_epoch_ > 0);
  CHECK(kills_ >= kKills / 2);
  check_done(run(call("disturbed")));
  CHECK(status_of(folder("disturbed")).state == record::State::completed);
  CHECK(first_difference(folder("whole"), folder("disturbed")) == "");
}

void check_method(const std::string& method) {
  Disturbed run(method);
  for (const int signal_number : {SIGTERM, SIGINT, SIGTERM}) run.stop(signal_number);
  for (int i = 0; i < kKills; ++i) run.kill();
  run.check_same();
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
