#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

TEST_CASE("a record that could not be made again is neither given up nor written over") {
  const Workplace place;
  check_done(place.laq({"run", "tiny"}));
  const fs::path folder = place.run_folder(), record = folder / "run.h5";
  fs::remove(folder / "checkpoint.h5");
  const std::string before = read_file(record);
  // Its status is lost as well: what it says is still that the run is completed.
  for (const bool empty : {true, false}) {
    fs::remove(folder / "status.json");
    if (empty) write_text(folder / "status.json", "");
    check_done(place.laq({"run", "tiny"}));
    CHECK((read_file(record) == before));
    CHECK_FALSE(fs::exists(folder / "checkpoint.h5"));
    CHECK(status_of(folder).state == record::State::completed);
    CHECK(status_of(folder).epoch == 3);
  }
  fs::resize_file(record, fs::file_size(record) / 2);
  const Outcome damaged = place.laq({"run", "tiny"});
  check_refusal(damaged, 1, {"run.h5", "truncated", "no checkpoint", "from a copy"});
  CHECK_FALSE(holds(damaged.err, "delete"));
}

TEST_CASE("a file that another program has open is not called damaged") {
  const Workplace place;
  check_done(place.laq({"run", "tiny"}));
  const fs::path folder = place.run_folder();
  const auto check = [&](const fs::path& file) {
    const std::string whole = read_file(file);
    std::string changed = whole;
    changed[changed.size() / 2] ^= 1;
    write_text(file, changed);
    {
      // As HDF5 does it.
      const int writer = ::open(file.c_str(), O_RDWR);
      REQUIRE(::flock(writer, LOCK_EX) == 0);
      const Outcome locked = place.laq({"run", "tiny"});
      ::close(writer);
      check_refusal(locked, 1, {file.filename().string(), "open in another program", "close it"});
      CHECK_FALSE(holds(locked.err, "delete"));
    }
    changed = whole;
    changed[11] = 1;  // left by a program that crashed
    write_text(file, changed);
    const Outcome left = place.laq({"run", "tiny"});
    check_refusal(left, 1, {file.filename().string(), "one that crashed", "h5clear -s"});
    CHECK_FALSE(holds(left.err, "delete"));
    write_text(file, whole);
    check_done(place.laq({"run", "tiny"}));
  };
  check(folder / "run.h5");
  // The checkpoint is read by a run that is not completed.
  record::Status status = status_of(folder);
  status.state = record::State::interrupted;
  record::write_status(folder / "status.json", status);
  check(folder / "checkpoint.h5");
}

TEST_CASE("a run whose status is empty counts as not started, and is made good") {
  const Workplace place;
  check_done(place.laq({"run", "tiny"}));
  const fs::path folder = place.run_folder();
  const auto history = record::read_run_record(folder / "run.h5").history;
  write_text(folder / "status.json", "");
  const Outcome seen = place.laq({"status", "results", "--long"});
  check_done(seen);
  CHECK_THAT(seen.out, Catch::Contains("queued") && Catch::Contains("status.json is empty"));
  check_done(place.laq({"run", "tiny"}));
  CHECK(status_of(folder).state == record::State::completed);
  CHECK(record::read_run_record(folder / "run.h5").history.epochs.columns ==
        history.epochs.columns);
}
