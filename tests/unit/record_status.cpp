#include <unistd.h>

#include <catch2/catch.hpp>
#include <limits>

#include "core/files.hpp"
#include "record/status.hpp"
#include "record_support.hpp"

using namespace laq;
using namespace laq::record;
using namespace laq::record::test;

TEST_CASE("a status comes back, with a heartbeat") {
  const Folder folder;
  const auto file = folder / "status.json";
  CHECK_FALSE(read_status(file).has_value());
  for (const State state : {State::queued, State::running, State::completed, State::failed,
                            State::diverged, State::interrupted}) {
    Status status = own_status(state);
    status.reason = "loss is \"nan\"\nat step 3 \xff";
    status.epoch = 2;
    status.epochs = 50;
    status.step = 1000;
    status.progress = 0.04;
    status.seconds_left = 12.5;
    write_status(file, status);
    const auto read = read_status(file);
    REQUIRE(read.has_value());
    CHECK(read->state == state);
    CHECK(holds(read->reason, "loss is \"nan\"\nat step 3 "));
    CHECK(read->epoch == 2);
    CHECK(read->epochs == 50);
    CHECK(read->step == 1000);
    CHECK(read->progress == 0.04);
    CHECK(read->seconds_left == 12.5);
    CHECK(read->pid == ::getpid());
    CHECK_FALSE(read->host.empty());
    CHECK(read->heartbeat.size() == std::string("2026-01-31T12:00:00Z").size());
    CHECK(read->heartbeat_seconds > 1.5e9);
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("numbers that JSON cannot hold are left out") {
  const Folder folder;
  const auto file = folder / "status.json";
  Status status = own_status(State::running);
  status.progress = std::numeric_limits<double>::quiet_NaN();
  status.seconds_left = std::numeric_limits<double>::infinity();
  write_status(file, status);
  CHECK(read_status(file)->progress == 0);
  CHECK_FALSE(read_status(file)->seconds_left.has_value());
  replace_file(file, R"({"state": "queued", "seconds_left": null, "later": [1]})");
  CHECK(read_status(file)->state == State::queued);
}

TEST_CASE("what a crash of the machine leaves of a status counts as none") {
  const Folder folder;
  const auto file = folder / "status.json";
  for (const std::string& content : {std::string(), std::string("\n"), std::string(200, '\0')}) {
    replace_file(file, content);
    CHECK_FALSE(read_status(file).has_value());
  }
}

TEST_CASE("a broken status is an error") {
  const Folder folder;
  const auto file = folder / "status.json";
  const auto error = [&](const std::string& content) {
    replace_file(file, content);
    return message([&] { read_status(file); });
  };
  for (const std::string content : {"{", "<html>", "{\"state\": \"running\"", "\xff\xfe"}) {
    CHECK(holds(error(content), "status.json: the status is broken: found text that is not JSON"));
  }
  CHECK(holds(error("[]"), "found array, expected a JSON object; delete the file"));
  CHECK(holds(error("{}"), "key 'state': found nothing, expected one of queued, running"));
  CHECK(holds(error(R"({"state": "runing"})"), "found 'runing'"));
  CHECK(holds(error(R"({"state": 3})"), "found number, expected text"));
  CHECK(holds(error(R"({"state": "running", "epoch": 1.5})"), "key 'epoch'"));
  CHECK(holds(error(R"({"state": "running", "progress": "x"})"), "expected a number"));
  CHECK(holds(message([&] { read_status(folder.path()); }), "is a folder"));
}
