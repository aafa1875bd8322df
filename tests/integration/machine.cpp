#include "core/machine.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "core/files.hpp"
#include "core/limits.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

// What the machine does not allow, or does not have.

namespace {

/// Sanitized programs cannot be given another library's functions.
bool can_preload() {
#ifdef LAQ_SANITIZE
  WARN("skipped: a sanitized program's functions cannot be replaced");
  return false;
#else
  return true;
#endif
}

/// Every call of the function on such a path fails.
Call failing(Call call, const std::string& function, const std::string& path, int reason) {
  call.environment["LD_PRELOAD"] = LAQ_FAULTY_FILES;
  call.environment["FAULT_CALL"] = function;
  call.environment["FAULT_PATH"] = path;
  call.environment["FAULT_AT"] = call.environment["FAULT_ON"] = "1";
  call.environment["FAULT_KIND"] = std::to_string(reason);
  return call;
}

/// A control group below the machine's own, if this process may make one.
class ControlGroup {
 public:
  explicit ControlGroup(const std::string& controller) {
    const fs::path top = "/sys/fs/cgroup";
    second_ = fs::exists(top / "cgroup.controllers");
    if (second_) std::ofstream(top / "cgroup.subtree_control") << "+" << controller;
    folder_ = top / (second_ ? "" : controller) / ("laq-test-" + std::to_string(::getpid()));
    std::error_code failed;
    made_ = fs::create_directory(folder_, failed);
  }
  ~ControlGroup() {
    if (made_) ::rmdir(folder_.c_str());
  }
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;

  bool second() const { return second_; }
  bool set(const std::string& file, const std::string& value) const {
    std::ofstream out(folder_ / file);
    out << value << std::flush;
    return made_ && out.good();
  }
  /// The same call, made in this group.
  Call inside(Call call) const {
    const std::vector<std::string> shell{"-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"",
                                         folder_.string(), LAQ_PROGRAM};
    call.arguments.insert(call.arguments.begin(), shell.begin(), shell.end());
    call.program = "/bin/sh";
    return call;
  }

 private:
  bool second_ = false, made_ = false;
  fs::path folder_;
};

}  // namespace

TEST_CASE("a run that gets no threads says so, and one that needs none does without") {
  if (!can_preload()) return;
  const Workplace place;
  const auto with_threads = [&](const char* threads) {
    return failing(place.call({"run", "tiny", "--threads", threads}), "pthread_create", "", EAGAIN);
  };
  check_refusal(run(with_threads("4")), 1,
                {"no more than 1 of 4 threads", "Resource temporarily unavailable",
                 "kernel.threads-max", "--threads"});
  check_done(run(with_threads("1")));
  const Outcome sweep =
      run(failing(place.call({"sweep", "tiny", "--runs", "runs"}), "pthread_create", "", EAGAIN));
  check_done(sweep);  // OMP_NUM_THREADS is 1
}

TEST_CASE("a limit on processes ends a run with that limit, in good time") {
  const ControlGroup group("pids");
  if (!group.set("pids.max", "3")) {
    WARN("skipped: no control group can be made here: a limit on processes was not tried");
    return;
  }
  const Workplace place;
  check_refusal(run(group.inside(place.call({"run", "tiny", "--threads", "8"}))), 1,
                {"no more than 3 of 8 threads", "3 of the control group (pids.max)"});
  check_done(run(group.inside(place.call({"run", "tiny", "--threads", "1"}))));
}

TEST_CASE("a quota of CPU time is what cores are counted by") {
  const ControlGroup group("cpu");
  const bool set = group.second() ? group.set("cpu.max", "50000 100000")
                                  : group.set("cpu.cfs_period_us", "100000") &&
                                        group.set("cpu.cfs_quota_us", "50000");
  if (!set) {
    WARN("skipped: no control group can be made here: a quota of CPU time was not tried");
    return;
  }
  const Workplace place;
  const Outcome outcome = run(group.inside(place.call({"doctor"})));
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("1 (a quota of 0.5 CPUs)"));
}

TEST_CASE("more threads than cores are told in one line") {
  const Workplace place;
  const std::string cores = std::to_string(available_cores()),
                    more = std::to_string(available_cores() + 1);
  const Outcome run = place.laq({"run", "tiny", "--threads", more});
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.err, Catch::StartsWith("laq: note: " + more + " threads") &&
                          Catch::Contains("the " + cores + " cores"));
  CHECK(count(run.err, "\n") == 1);
  check_done(place.laq({"run", "tiny", "--threads", more}));  // it was done

  const std::string seeds = "seed=range(1," + std::to_string(available_cores() + 2) + ")";
  const std::vector<std::string> words{"sweep", "tiny", "method=full", seeds, "train.epochs=1"};
  auto many = words;
  many.insert(many.end(), {"--jobs", more});
  const Outcome sweep = place.laq(many);
  check_done(sweep);
  CHECK(count(sweep.out, "note: " + more + " threads (" + more + " runs side by side)") == 1);
  CHECK_FALSE(holds(place.laq(many).out, "note: "));  // nothing is left to do
  CHECK_FALSE(holds(place.laq({"sweep", "tiny", "--jobs", "1", "--name", "other"}).out, "note: "));
}

TEST_CASE("a sweep leases its runs also where files have no links") {
  if (!can_preload()) return;
  const Workplace place;
  const Call sweep = place.call({"sweep", "tiny", "--runs", "runs", "seed=1,2,3"});
  for (const int reason : {EPERM, EOPNOTSUPP, ENOSYS}) {
    INFO(reason);
    Program first(failing(sweep, "link", "/lease", reason)),
        second(failing(sweep, "link", "/lease", reason));
    const Outcome a = first.finish(), b = second.finish();
    check_done(a);
    check_done(b);
    CHECK(count(a.out, "start  ") + count(b.out, "start  ") == 6);
    for (const auto& entry : fs::recursive_directory_iterator(place / "runs"))
      CHECK_FALSE(entry.path().filename().string().starts_with("lease"));
    fs::remove_all(place / "runs");
  }
}

TEST_CASE(
    "a sweep that cannot lease its runs, or does not know who did, does not wait in silence") {
  if (!can_preload()) return;
  const Workplace place;
  const Call sweep = place.call(
      {"sweep", "tiny", "method=full", "--runs", "runs", "train.epochs=1", "--stale-after", "5"});
  check_done(run(sweep));
  const fs::path folder = place.run_folder("full", "runs");
  fs::remove(folder / "status.json");
  write_text(folder / "lease", "nothing");
  Call harmed = sweep;  // opening, writing and flushing its own file, the mark, the renaming
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"LD_PRELOAD", LAQ_FAULTY_FILES},
                                          {"FAULT_PATH", "/lease"},
                                          {"FAULT_AT", "5"},
                                          {"FAULT_KIND", std::to_string(EPERM)}})
    harmed.environment[name] = value;
  const Outcome refused = run(harmed);
  CHECK(refused.exit_code == 1);
  CHECK_THAT(
      refused.out,
      Catch::Contains("failed tiny full seed 1: ") &&
          Catch::Contains("/lease: cannot take the lease of the run: Operation not permitted"));
  const Outcome taken = run(sweep);
  check_done(taken);
  const auto told = taken.out.find("other  tiny full seed 1: in the hands of ");
  CHECK(told < taken.out.find("start  "));
}

TEST_CASE(
    "where files cannot be locked a run is trained, unless its status shows that another does") {
  if (!can_preload()) return;
  const Workplace place;
  const std::vector<std::string> words{"run", "tiny", "--method", "late", "train.epochs=2"};
  check_done(run(failing(place.call(words), "flock", "/seed-1/", ENOLCK)));
  const fs::path folder = place.run_folder("late");
  record::Status status = record::own_status(record::State::running);
  const auto refused = [&](int reason) {
    return run(failing(place.call(words), "flock", "/seed-1/", reason));
  };
  for (const int reason : {ENOLCK, ENOSYS, EOPNOTSUPP}) {
    record::write_status(folder / "status.json", status);  // this process lives
    check_refusal(refused(reason), 1, {"another process is training this run"});
  }
  status.host = "another-machine";
  record::write_status(folder / "status.json", status);
  check_refusal(refused(ENOLCK), 1, {"another process is training this run"});
  status.host = record::own_status(record::State::running).host;
  status.pid = 0;  // no process
  record::write_status(folder / "status.json", status);
  check_done(refused(ENOLCK));
  // What is none of this is told as it is.
  check_refusal(refused(EIO), 1, {"/lock: cannot lock: Input/output error"});
}

TEST_CASE("a sweep goes on when its program's file is replaced or removed") {
  const Workplace place;
  const fs::path program = place / "program";
  fs::copy_file(LAQ_PROGRAM, program);
  Call call = place.call({"sweep", "tiny", "--runs", "runs", "seed=1,2", "train.epochs=20"});
  call.program = program;
  Program sweep(call);
  REQUIRE(sweep.wait_for_output("start  "));
  fs::remove(program);
  write_text(program, "#!/bin/sh\nexit 1\n");
  fs::permissions(program, fs::perms::all);
  REQUIRE(sweep.wait_for_output("start  ", 3));
  fs::remove(program);
  const Outcome outcome = sweep.finish();
  check_done(outcome);
  CHECK(count(outcome.out, "done   ") == 4);
}

TEST_CASE("a run whose libraries cannot be loaded any more is told with the loader's words") {
  if (!can_preload()) return;  // a sanitized sweep needs the memory itself
  const Workplace place;
  Program sweep(place.call({"sweep", "tiny", "--runs", "runs", "seed=1,2"}));
  REQUIRE(sweep.wait_for_output("start  "));
  const rlimit little{60'000'000, RLIM_INFINITY};  // for those that it starts from now on
  REQUIRE(::prlimit(sweep.pid(), RLIMIT_AS, &little, nullptr) == 0);
  const Outcome outcome = sweep.finish();
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.out, Catch::Contains("ended with exit code 127: ") &&
                              Catch::Contains("error while loading shared libraries: "));
}
