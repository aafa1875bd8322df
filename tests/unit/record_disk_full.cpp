#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>

#include "core/files.hpp"
#include "core/random.hpp"
#include "record/checkpoint.hpp"
#include "record/run_record.hpp"
#include "record/status.hpp"
#include "record_support.hpp"

using namespace laq;
using namespace laq::record;
using namespace laq::record::test;

namespace {

constexpr int kNotAllowed = 77;

void store(const char* file, const std::string& text) {
  const int descriptor = ::open(file, O_WRONLY);
  if (descriptor >= 0) {
    if (::write(descriptor, text.data(), text.size()) < 0) errno = 0;
    ::close(descriptor);
  }
}

/// A file system of one megabyte at `folder`, seen by this process alone.
bool mount_small(const std::filesystem::path& folder) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (user == 0) {
    if (::unshare(CLONE_NEWNS) != 0) return false;
  } else {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    store("/proc/self/setgroups", "deny");
    store("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    store("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") == 0;
}

std::size_t entries(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

/// What is wrong with writing to a full disk, one line each.
std::string faults_on_full_disk(const std::filesystem::path& folder) {
  std::string faults;
  const auto expect = [&](bool holds_true, const std::string& fault) {
    if (!holds_true) faults += fault + "\n";
  };
  const auto expect_full = [&](const std::string& name, const std::string& error) {
    expect(holds(error, name) && holds(error, "No space left on device"), name + ": " + error);
  };
  const History small = sample_history();
  write_run_record(folder / "run.h5", {}, small);
  write_checkpoint(folder / "checkpoint.h5", {}, {{{"epoch", 1}}, {}, small});
  write_status(folder / "status.json", own_status(State::running));

  History large = small;
  RandomStream noise(1, "what does not compress");
  for (std::int64_t step = 100; step < 150000; ++step) {
    large.steps.append(step, {{"loss", noise.uniform()}, {"seconds", noise.uniform()}});
  }
  const std::vector<float> weights(1 << 20, 1.0f);
  const std::vector<Blob> blobs{{"weights", {weights.size()}, std::span(weights)}};
  expect_full("run.h5", message([&] { write_run_record(folder / "run.h5", {}, large); }));
  expect_full("checkpoint.h5",
              message([&] { write_checkpoint(folder / "checkpoint.h5", blobs, {}); }));

  // Now without a single free block.
  std::ofstream filler(folder / "filler");
  filler << std::string(1 << 20, 'x');
  filler.close();
  expect_full("run.h5", message([&] { write_run_record(folder / "run.h5", {}, small); }));
  expect_full("checkpoint.h5",
              message([&] { write_checkpoint(folder / "checkpoint.h5", {}, {}); }));
  expect_full("status.json",
              message([&] { write_status(folder / "status.json", own_status(State::failed)); }));

  expect(entries(folder) == 4, "temporary files are left");
  expect(same(read_run_record(folder / "run.h5").history, small), "run.h5 has changed");
  expect(CheckpointReader(folder / "checkpoint.h5").state().counters.at("epoch") == 1,
         "checkpoint.h5 has changed");
  expect(read_status(folder / "status.json")->state == State::running, "status.json has changed");

  std::filesystem::remove(folder / "filler");
  write_run_record(folder / "run.h5", {}, {});
  expect(same(read_run_record(folder / "run.h5").history, History()), "run.h5 cannot be written");
  return faults;
}

}  // namespace

TEST_CASE("on a full disk the old files stay and the process goes on") {
  const Folder folder;
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  std::cout.flush();  // or both processes would print what is waiting
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);  // a library that cannot shut down would wait for ever
    if (!mount_small(folder.path())) std::_Exit(kNotAllowed);
    std::string faults;
    try {
      faults = faults_on_full_disk(folder.path());
    } catch (const std::exception& error) {
      faults = error.what();
    }
    const bool told = ::write(pipe[1], faults.data(), faults.size()) >= 0;
    std::exit(told && faults.empty() ? 0 : 1);  // through HDF5's own shutdown
  }
  ::close(pipe[1]);
  std::string faults;
  char buffer[512];
  for (ssize_t count; (count = ::read(pipe[0], buffer, sizeof buffer)) > 0;) {
    faults.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(pipe[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotAllowed) {
    WARN("no file system may be mounted here: a full disk was not tried");
    return;
  }
  INFO(faults);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
