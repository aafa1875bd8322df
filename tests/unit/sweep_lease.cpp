#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "support/scratch.hpp"
#include "sweep/lease.hpp"

using namespace laq;
using namespace laq::sweep;
using namespace laq::test;
using std::chrono::milliseconds;

namespace {

constexpr double kLong = 1000;  // seconds: no lease gets stale in a test

/// A lease of another machine, as its heartbeat leaves it.
void write_foreign(const std::filesystem::path& file, int beat) {
  std::ofstream(file) << R"({"host":"another-machine","pid":7,"process":"p","token":"t",)"
                      << R"("heartbeat":"2026-01-01T00:00:00Z","beats":")" << beat << "\"}\n";
}

/// Tries for a while; the holder gives signs of life until `end` ends. Never returns.
[[noreturn]] void try_to_take(const std::filesystem::path& folder, double stale_after, int answer,
                              int end) {
  Leases leases(stale_after);
  std::unique_ptr<Lease> lease;
  for (int round = 0; round < 200 && !lease; ++round) {
    lease = leases.take(folder);
    if (!lease) std::this_thread::sleep_for(milliseconds(5));
  }
  const char got = lease ? 1 : 0;
  if (::write(answer, &got, 1) != 1) ::_exit(1);
  pollfd ended{end, POLLIN, 0};
  while (::poll(&ended, 1, 20) == 0) {
    if (lease) lease->beat();
  }
  ::_exit(0);
}

/// Starts processes that try to take the lease, and returns how many got it. All are alive until
/// all have tried.
int takers_of(const std::filesystem::path& folder, int processes, double stale_after) {
  int answers[2], end[2];
  REQUIRE(::pipe(answers) == 0);
  REQUIRE(::pipe(end) == 0);
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(end[1]);
      try_to_take(folder, stale_after, answers[1], end[0]);
    }
    children.push_back(child);
  }
  ::close(answers[1]);
  ::close(end[0]);
  int got = 0;
  char one = 0;
  for (int i = 0; i < processes && ::read(answers[0], &one, 1) == 1; ++i) got += one;
  ::close(end[1]);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  ::close(answers[0]);
  return got;
}

}  // namespace

TEST_CASE("a lease is held by one, and given back", "[sweep]") {
  const Scratch folder;
  const auto run = folder / "run";
  Leases ours(kLong), others(kLong);
  auto lease = ours.take(run);
  REQUIRE(lease);
  CHECK(lease->beat());
  CHECK_FALSE(others.take(run));
  CHECK_FALSE(ours.take(run));
  const auto owner = lease_owner(run);
  REQUIRE(owner);
  CHECK(owner->pid == ::getpid());
  CHECK(owner->beats == 1);
  lease.reset();
  CHECK_FALSE(lease_owner(run));
  CHECK(std::filesystem::is_empty(run));
  CHECK(others.take(run));
}

TEST_CASE("of many processes one gets a lease", "[sweep]") {
  const Scratch folder;
  for (int i = 0; i < 5; ++i) {
    const auto run = folder / std::to_string(i);
    CHECK(takers_of(run, 6, kLong) == 1);
  }
}

TEST_CASE("the lease of a process that is gone is taken over at once, by one", "[sweep]") {
  const Scratch folder;
  for (int i = 0; i < 5; ++i) {
    const auto run = folder / std::to_string(i);
    const pid_t owner = ::fork();
    if (owner == 0) {
      const auto lease = Leases(kLong).take(run);
      ::_exit(lease ? 0 : 1);  // without giving it back
    }
    int status = 0;
    ::waitpid(owner, &status, 0);
    REQUIRE(WEXITSTATUS(status) == 0);
    REQUIRE(lease_owner(run)->pid == owner);
    CHECK(takers_of(run, 6, kLong) == 1);
  }
}

TEST_CASE("another machine's lease is taken over when its heartbeat stops, not before", "[sweep]") {
  const Scratch folder;
  make_folder(folder / "run");
  const auto file = folder / "run/lease";
  Leases leases(0.4);
  for (int beat = 0; beat < 10; ++beat) {  // 1 s in all
    write_foreign(file, beat);
    CHECK_FALSE(leases.take(folder / "run"));
    std::this_thread::sleep_for(milliseconds(100));
  }
  CHECK_FALSE(Leases(0.4).take(folder / "run"));  // has not watched it yet
  std::this_thread::sleep_for(milliseconds(400));
  const auto lease = leases.take(folder / "run");
  REQUIRE(lease);
  CHECK(lease_owner(folder / "run")->pid == ::getpid());
  CHECK(folder.names() == std::vector<std::string>{"run"});
  CHECK(takers_of(folder / "run", 2, kLong) == 0);
}

TEST_CASE("a stale lease of another machine goes to one of many", "[sweep]") {
  const Scratch folder;
  for (int i = 0; i < 3; ++i) {
    const auto run = folder / std::to_string(i);
    make_folder(run);
    write_foreign(run / "lease", i);
    CHECK(takers_of(run, 6, 0.5) == 1);
  }
}

TEST_CASE("an owner that was taken for dead learns that it lost the lease", "[sweep]") {
  const Scratch folder;
  const auto run = folder / "run";
  auto sleeper = Leases(kLong).take(run);
  REQUIRE(sleeper);
  std::filesystem::remove(run / "lease");
  auto taker = Leases(kLong).take(run);
  REQUIRE(taker);
  CHECK_FALSE(sleeper->beat());
  CHECK(taker->beat());
  sleeper.reset();  // leaves the other's lease alone
  CHECK(lease_owner(run)->beats == 1);
  CHECK(taker->beat());
}

TEST_CASE("a process of this machine that lives keeps its lease, however silent", "[sweep]") {
  const Scratch folder;
  const auto lease = Leases(kLong).take(folder / "run");
  REQUIRE(lease);
  Leases hasty(0.01);
  CHECK_FALSE(hasty.take(folder / "run"));
  std::this_thread::sleep_for(milliseconds(50));
  CHECK_FALSE(hasty.take(folder / "run"));
}

TEST_CASE("a taker that died in the middle does not hold the lease for ever", "[sweep]") {
  const Scratch folder;
  make_folder(folder / "run");
  write_foreign(folder / "run/lease", 1);
  folder.write("run/lease.taker-0", "");
  Leases leases(0.1);
  CHECK_FALSE(leases.take(folder / "run"));
  std::this_thread::sleep_for(milliseconds(150));
  const auto lease = leases.take(folder / "run");
  REQUIRE(lease);
  CHECK_FALSE(std::filesystem::exists(folder / "run/lease.taker-0"));
}

TEST_CASE("a lease that cannot be read is an error, and one that tells no owner gets stale",
          "[sweep]") {
  const Scratch folder;
  make_folder(folder / "run/lease");
  CHECK_THAT(message_of([&] { Leases(kLong).take(folder / "run"); }),
             Contains("run/lease: cannot take the lease of the run: Is a directory"));
  for (const char* content : {"", "not JSON", "[]", R"({"host": 3})", R"({"beats": 3})"}) {
    INFO(content);
    folder.write("other/lease", content);
    CHECK_FALSE(lease_owner(folder / "other"));
    Leases leases(0.05);
    CHECK_FALSE(leases.take(folder / "other"));
    std::this_thread::sleep_for(milliseconds(100));
    CHECK(leases.take(folder / "other"));
  }
}

TEST_CASE("an owner that has ended but was not collected is gone", "[sweep]") {
  const Scratch folder;
  const pid_t owner = ::fork();
  if (owner == 0) {
    const auto lease = Leases(kLong).take(folder / "run");
    ::_exit(lease ? 0 : 1);
  }
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(owner), &ended, WEXITED | WNOWAIT) == 0);
  REQUIRE(lease_owner(folder / "run")->pid == owner);
  CHECK(Leases(kLong).take(folder / "run"));
  ::waitpid(owner, nullptr, 0);
}

TEST_CASE("a folder that cannot be leased is named", "[sweep]") {
  const Scratch folder;
  folder.write("file", "");
  CHECK_THAT(message_of([&] { Leases(kLong).take(folder / "file/run"); }), Contains("file/run"));
}
