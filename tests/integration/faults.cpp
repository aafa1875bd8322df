#include <signal.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <random>

#include "core/files.hpp"
#include "integration/disturbed.hpp"
#include "integration/run_results.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

// The program's files come to harm at one operation after the other (support/faulty_files.cpp).

namespace {

constexpr int kInterrupted = 75;

/// Sanitized programs cannot be given another library's file operations.
bool can_preload() {
#ifdef LAQ_SANITIZE
  WARN("skipped: a sanitized program's file operations cannot be replaced");
  return false;
#else
  return true;
#endif
}

Call harmed(Call call, int operation, const std::string& kind, bool and_all_later = false) {
  call.environment["LD_PRELOAD"] = LAQ_FAULTY_FILES;
  call.environment["FAULT_PATH"] = "/seed-5/";
  call.environment["FAULT_AT"] = std::to_string(operation);
  call.environment["FAULT_KIND"] = kind;
  if (and_all_later) call.environment["FAULT_ON"] = "1";
  return call;
}

/// Small enough that an epoch's files are written in some eighty operations.
Subject subject() {
  return {"tiny_mlp", "late", 1, {"train.epochs=40", "model.hidden=[8]"}};
}

}  // namespace

TEST_CASE("a run killed in the middle of a file operation leaves whole files") {
  if (!can_preload()) return;
  const Workplace place;
  add_tiny_models(place);
  Disturbed disturbed(place, subject(), 1);
  int killed = 0;
  for (int operation = 1; operation <= 120; operation += 3) {
    INFO("operation " << operation);
    const Outcome outcome = run(harmed(disturbed.call(), operation, "kill"));
    REQUIRE((outcome.signal == SIGKILL || outcome.exit_code == 0));
    killed += outcome.signal == SIGKILL;
    CHECK(disturbed.fault() == "");
    if (outcome.exit_code == 0) CHECK(disturbed.finish() == "");
  }
  CHECK(killed >= 30);
  CHECK(disturbed.finish() == "");
}

TEST_CASE("a file operation that fails ends the run as failed, and it goes on from whole files") {
  if (!can_preload()) return;
  const Workplace place;
  add_tiny_models(place);
  Disturbed disturbed(place, subject(), 2);
  const std::vector<int> reasons{ENOSPC, EIO, EDQUOT, EROFS};
  int failed = 0;
  for (int operation = 1; operation <= 120; operation += 3) {
    const int reason = reasons[static_cast<std::size_t>(operation) % reasons.size()];
    const bool all_later = operation % 2 == 0;
    INFO("operation " << operation << ", " << std::strerror(reason) << ", later " << all_later);
    const Outcome outcome =
        run(harmed(disturbed.call(), operation, std::to_string(reason), all_later));
    INFO(outcome.out << outcome.err);
    CHECK(disturbed.fault() == "");
    if (outcome.exit_code == 0) {
      CHECK(disturbed.finish() == "");
      continue;
    }
    ++failed;
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.err.starts_with("laq: "));
    CHECK(count(outcome.err, "\n") == 1);
    CHECK_THAT(outcome.err, Catch::Contains(std::strerror(reason)) && Catch::Contains("seed-5"));
    CHECK(temporaries(disturbed.folder()).empty());
    // What cannot be written cannot say so; and the lock is not the run's yet.
    if (all_later || holds(outcome.err, "/lock")) continue;
    CHECK(status_of(disturbed.folder()).state == record::State::failed);
    CHECK_THAT(status_of(disturbed.folder()).reason, Catch::Contains(std::strerror(reason)));
  }
  CHECK(failed >= 30);
  CHECK(disturbed.finish() == "");
}

TEST_CASE("a second signal ends a run that hangs in a write, at once") {
  if (!can_preload()) return;
  const Workplace place;
  add_tiny_models(place);
  Disturbed disturbed(place, subject(), 3);
  // Well after the first epoch: it has been listening for long.
  Program program(harmed(disturbed.call(), 300, "hang"));
  REQUIRE(program.wait_for_output("epoch "));
  for (int i = 0; i < 2000 && temporaries(disturbed.folder()).empty(); ++i) pause(0.001);
  pause(1);
  program.send(SIGINT);
  pause(0.2);
  CHECK(program.running());
  program.send(SIGTERM);
  CHECK(program.finish().signal == SIGTERM);
  CHECK(disturbed.fault() == "");
  CHECK(disturbed.finish() == "");
}

TEST_CASE("a signal before there is anything to save ends the run at once with 75") {
  if (!can_preload()) return;
  const Workplace place;
  add_tiny_models(place);
  Disturbed disturbed(place, subject(), 4);
  for (const int signal_number : {SIGINT, SIGTERM}) {
    Program program(harmed(disturbed.call(), 3, "hang"));  // in config.yaml
    const std::string own = ".tmp-" + std::to_string(program.pid());
    const auto hangs = [&] {
      for (const auto& file : temporaries(disturbed.folder())) {
        if (holds(file.string(), own)) return true;
      }
      return false;
    };
    for (int i = 0; i < 10000 && !hangs(); ++i) pause(0.001);
    program.send(signal_number);
    CHECK(program.finish().exit_code == kInterrupted);
    CHECK(disturbed.fault() == "");
  }
  CHECK(disturbed.finish() == "");
}
