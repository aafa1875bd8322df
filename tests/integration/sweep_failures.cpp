#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

TEST_CASE("a run that fails is tried again as often as asked") {
  const Workplace place;
  write_text(place.data() / "train-labels", "not data\n");
  const Outcome failed = place.laq({"sweep", "tiny", "method=full", "--retries", "2"});
  INFO(failed.out << failed.err);
  CHECK(failed.exit_code == 1);
  CHECK(count(failed.out, "start  tiny full") == 3);
  CHECK(count(failed.out, "again  tiny full seed 1: ") == 2);
  CHECK(count(failed.out, "failed tiny full") == 1);
}

TEST_CASE("a killed run goes on from its checkpoint when it is tried again") {
  const Workplace place;
  const std::vector<std::string> words{"method=late", "train.epochs=100", "--runs", "runs"};
  auto call = words;
  call.insert(call.begin(), {"sweep", "tiny", "--retries", "1"});
  Program sweep(place.call(call));
  REQUIRE(sweep.wait_for_output("start  "));
  const fs::path folder = place.run_folder("late", "runs");
  sweep.wait_for_file(folder / "checkpoint.h5");
  ::kill(static_cast<pid_t>(status_of(folder).pid), SIGKILL);
  const Outcome outcome = sweep.finish();
  INFO(outcome.out << outcome.err);
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("again  tiny late seed 1: ended by signal 9"));
  check_done(place.laq({"run", "tiny", "--method", "late", "train.epochs=100", "--runs", "alone"}));
  CHECK(first_difference(place.run_folder("late", "alone"), folder) == "");
}

TEST_CASE("fail-fast starts nothing more, and the others go on without it") {
  const Workplace place;
  // The first fails, as its folder is a file.
  const Outcome plan = place.laq({"sweep", "tiny", "--dry-run", "--runs", "runs"});
  const auto begin = plan.out.find("runs/tiny/full-");
  const fs::path first = place / plan.out.substr(begin, plan.out.find('\n', begin) - begin);
  write_text(first, "in the way\n");
  const Outcome fast = place.laq({"sweep", "tiny", "--runs", "runs", "--fail-fast"});
  INFO(fast.out << fast.err);
  CHECK(fast.exit_code == 1);
  CHECK_THAT(fast.out, Catch::Contains("failed tiny full seed 1: ") &&
                           Catch::Contains(first.filename().string()));
  CHECK(count(fast.out, "start  ") == 0);
  const Outcome slow = place.laq({"sweep", "tiny", "--runs", "runs"});
  CHECK(slow.exit_code == 1);
  CHECK_THAT(slow.out, Catch::Contains("failed tiny full") && Catch::Contains("done   tiny late"));
}

TEST_CASE("runs that do not fit into the memory together run one after the other") {
  const Workplace place;
  const std::vector<std::string> call{"sweep", "tiny", "--jobs", "2", "--memory", "450M"};
  const Outcome outcome = place.laq(call);
  INFO(outcome.out << outcome.err);
  check_done(outcome);
  CHECK(count(outcome.out, "done   ") == 2);
  CHECK(outcome.out.find("done   ") < outcome.out.rfind("start  "));
  check_refusal(place.laq({"sweep", "tiny", "--memory", "much"}), 2, {"--memory", "'much'", "8G"});

  const Outcome never = place.laq({"sweep", "tiny", "--name", "other", "--memory", "20M"});
  CHECK(never.exit_code == 1);
  CHECK(count(never.out, "start  ") == 0);
  for (const char* method : {"full", "late"})
    CHECK_THAT(never.out,
               Catch::Contains(std::string("failed tiny ") + method + " seed 1: needs about"));
}

TEST_CASE("on a terminal every run under way has a line of its own") {
  const Workplace place;
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  REQUIRE(terminal >= 0);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  const winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(terminal, TIOCSWINSZ, &size);
  Call call = place.call({"sweep", "tiny", "--jobs", "2", "train.epochs=300", "--runs", "runs"});
  call.output_file = ::ptsname(terminal);
  std::string shown;
  {
    Program sweep(call);
    char block[4096];
    bool running = true;
    while (running) {
      running = sweep.running();
      for (ssize_t got; (got = ::read(terminal, block, sizeof block)) > 0;)
        shown.append(block, static_cast<std::size_t>(got));
      pause(0.01);
    }
    CHECK(sweep.finish().exit_code == 0);
  }
  ::close(terminal);
  INFO(shown);
  // Two lines together, with their progress, replaced in place.
  CHECK_THAT(shown, Catch::Contains("/300") && Catch::Contains(" %  epoch ") &&
                        Catch::Contains("\x1b[2A\x1b[J") && Catch::Contains("  tiny late seed 1"));
  CHECK(count(shown, "done   ") == 2);
}
