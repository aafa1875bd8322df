#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"
#include "record/hdf5.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

/// A small file system on a folder, seen by this process and its children alone.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& folder) : folder_(folder) {
    fs::create_directories(folder);
    const auto user = std::to_string(::geteuid()), group = std::to_string(::getegid());
    if (::geteuid() == 0) {
      if (::unshare(CLONE_NEWNS) != 0) return;
    } else {
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return;
      std::ofstream("/proc/self/setgroups") << "deny";
      std::ofstream("/proc/self/uid_map") << "0 " + user + " 1";
      std::ofstream("/proc/self/gid_map") << "0 " + group + " 1";
    }
    mounted_ = ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount(folder_.c_str());
  }
  bool mounted() const { return mounted_; }

  /// Leaves this many bytes free.
  void fill(std::size_t free) const {
    clear();
    const auto space = fs::space(folder_);
    std::ofstream(folder_ / "filler") << std::string(space.available - free, 'x');
  }
  void clear() const { fs::remove(folder_ / "filler"); }
  /// Whether nothing can be written any more; or can again.
  bool set_read_only(bool read_only) const {
    const unsigned long flags = read_only ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT;
    return ::mount("tmpfs", folder_.c_str(), "tmpfs", flags, "size=1m") == 0;
  }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("a runs folder that cannot be written is named") {
  const Workplace place;
  write_text(place / "file", "in the way\n");
  check_refusal(place.laq({"run", "tiny", "--runs", "file"}), 1, {"file/tiny", "Not a directory"});
  check_refusal(place.laq({"run", "tiny", "--runs", "file/runs"}), 1,
                {"file/runs/tiny", "Not a directory"});
  check_refusal(place.laq({"run", "tiny", "--runs", "/proc/runs"}), 1, {"/proc/runs/tiny"});
  const Outcome sweep = place.laq({"sweep", "tiny", "--runs", "file/runs"});
  CHECK(sweep.exit_code == 1);
  CHECK_THAT(sweep.err, Catch::StartsWith("laq: ") && Catch::Contains("file/runs"));
  CHECK(read_file(place / "file") == "in the way\n");

  if (::geteuid() == 0) return;  // whom no permission stops
  fs::create_directory(place / "closed");
  fs::permissions(place / "closed", fs::perms::owner_read | fs::perms::owner_exec);
  check_refusal(place.laq({"run", "tiny", "--runs", "closed"}), 1,
                {"closed/tiny", "Permission denied"});
}

TEST_CASE("a full disk ends the run as failed and leaves what there was") {
  const Workplace place;
  const SmallDisk disk(place / "disk");
  if (!disk.mounted()) {
    WARN("skipped: no file system may be mounted here: a full disk was not tried");
    return;
  }
  const auto with = [&](const std::string& runs) {
    return place.call({"run", "tiny", "--method", "late", "--runs", runs, "train.epochs=60",
                       "model.hidden=[64]"});
  };
  Program program(with("disk/runs"));
  REQUIRE(program.wait_for_output("epoch "));
  program.send(SIGTERM);
  REQUIRE(program.finish().exit_code == 75);
  const fs::path folder = place.run_folder("late", "disk/runs");
  const std::string record = read_file(folder / "run.h5"),
                    checkpoint = read_file(folder / "checkpoint.h5");

  const auto check_full = [&](std::size_t free) {
    INFO(free << " bytes free");
    disk.fill(free);
    const Outcome outcome = run(with("disk/runs"));
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.err.starts_with("laq: "));
    CHECK(count(outcome.err, "\n") == 1);
    CHECK_THAT(outcome.err, Catch::Contains("No space left on device") &&
                                Catch::Contains("disk/runs/tiny/late-"));
    CHECK((read_file(folder / "run.h5") == record));
    CHECK((read_file(folder / "checkpoint.h5") == checkpoint));
    CHECK(record::read_run_record(folder / "run.h5").history.epochs.rows() > 0);
    for (const auto& entry : fs::directory_iterator(folder))
      CHECK_FALSE(holds(entry.path().string(), ".tmp"));
  };
  check_full(0);
  check_full(5 * 4096);  // enough for the status
  CHECK(status_of(folder).state == record::State::failed);
  CHECK_THAT(status_of(folder).reason, Catch::Contains("No space left on device"));

  disk.clear();
  check_done(run(with("disk/runs")));
  check_done(run(with("whole")));
  CHECK(first_difference(place.run_folder("late", "whole"), folder) == "");
}

TEST_CASE("a sweep goes on without the run whose disk is full") {
  const Workplace place;
  const std::string plan = place.laq({"sweep", "tiny", "--dry-run", "--runs", "runs"}).out;
  const auto begin = plan.find("runs/tiny/full-");
  const fs::path folder = place / plan.substr(begin, plan.find("/seed-1") - begin);
  const SmallDisk disk(folder);
  if (!disk.mounted()) {
    WARN("skipped: no file system may be mounted here: a full disk was not tried");
    return;
  }
  for (const std::size_t free :
       {std::size_t{0}, std::size_t{3 * 4096}}) {  // nothing at all; enough to start, not to save
    INFO(free << " bytes free");
    disk.fill(free);
    const Outcome outcome = place.laq({"sweep", "tiny", "--runs", "runs", "train.epochs=3"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.out, Catch::Contains("failed tiny full seed 1: ") &&
                                Catch::Contains("space left on device"));
    CHECK_THAT(outcome.out, Catch::Contains("[1/2, "));
  }
  disk.clear();
  check_done(place.laq({"sweep", "tiny", "--runs", "runs", "train.epochs=3"}));
}

TEST_CASE("a run in a read-only folder ends as failed and leaves what there was") {
  const Workplace place;
  const SmallDisk disk(place / "disk");
  if (!disk.mounted()) {
    WARN("skipped: no file system may be mounted here: a read-only one was not tried");
    return;
  }
  const Call call =
      place.call({"run", "tiny", "--method", "late", "--runs", "disk/runs", "train.epochs=60"});
  Program program(call);
  REQUIRE(program.wait_for_output("epoch "));
  program.send(SIGTERM);
  REQUIRE(program.finish().exit_code == 75);
  const fs::path folder = place.run_folder("late", "disk/runs");
  std::map<fs::path, std::string> before;
  for (const auto& entry : fs::directory_iterator(folder))
    before[entry.path()] = read_file(entry.path());
  REQUIRE(disk.set_read_only(true));
  check_refusal(run(call), 1, {"disk/runs/tiny/late-", "Read-only file system"});
  check_refusal(place.laq({"run", "tiny", "--method", "lata", "--runs", "disk/runs"}), 1,
                {"disk/runs/tiny/lata-", "Read-only file system"});
  for (const auto& [file, content] : before) CHECK((read_file(file) == content));
  REQUIRE(disk.set_read_only(false));
  check_done(run(call));
}

TEST_CASE("a path that is too long ends the run with the reason") {
  const Workplace place;
  check_refusal(place.laq({"run", "tiny", "--runs", std::string(300, 'x')}), 1,
                {"File name too long"});
  // The run's folder can be made, and its lock; but no file has room for a temporary beside it.
  const std::string run = fs::relative(
      [&] {
        check_done(place.laq({"run", "tiny", "train.epochs=1"}));
        return place.run_folder();
      }(),
      place / "results/runs");
  constexpr std::size_t kLongest = 4095, kLock = 5;
  std::string runs = "d";
  while (runs.size() + 1 + run.size() + kLock < kLongest - 201) runs += "/" + std::string(200, 'd');
  runs.append(kLongest - kLock - 1 - run.size() - runs.size(), 'd');
  const Outcome outcome = place.laq({"run", "tiny", "train.epochs=1", "--runs", runs});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.starts_with("laq: "));
  CHECK_THAT(outcome.err, Catch::Contains("File name too long"));
}

TEST_CASE("a limit on file sizes ends the run as failed, not by a signal") {
  const Workplace place;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const Call call = place.call({"run", "tiny", "--method", "late", "train.epochs=1"});
  for (const rlim_t bytes : {2000, 20000}) {
    INFO(bytes << " bytes");
    const rlimit low{bytes, before.rlim_max};
    Outcome outcome;
    {
      REQUIRE(::setrlimit(RLIMIT_FSIZE, &low) == 0);
      Program program(call);  // which inherits the limit
      REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
      outcome = program.finish();
    }
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.signal == 0);
    CHECK_THAT(outcome.err, Catch::StartsWith("laq: failed: ") && Catch::Contains(".h5"));
  }
  check_done(run(call));
}

TEST_CASE("quantize on a full disk leaves the older file") {
  const Workplace place;
  const SmallDisk disk(place / "disk");
  if (!disk.mounted()) {
    WARN("skipped: no file system may be mounted here: a full disk was not tried");
    return;
  }
  record::write_hdf5(place / "in.h5", [](record::Hdf5Writer& out) {
    const std::vector<float> weights(100000, 0.5f);
    out.write<float>("/w", weights, {weights.size()});
  });
  const std::vector<std::string> arguments{"quantize", "--method", "late",       "--weights",
                                           "in.h5:/w", "--out",    "disk/out.h5"};
  write_text(place / "disk/out.h5", "what was there");
  disk.fill(8192);
  check_refusal(place.laq(arguments), 1, {"disk/out.h5", "No space left on device"});
  CHECK(read_file(place / "disk/out.h5") == "what was there");
}
