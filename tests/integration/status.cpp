#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

/// A folder with one run's status.
void add_run(const fs::path& folder, record::State state) {
  make_folder(folder);
  record::write_status(folder / "status.json", record::own_status(state));
}

/// The lines without the last, and the last.
std::pair<std::vector<std::string>, std::string> status_of_runs(const Outcome& outcome) {
  check_done(outcome);
  std::vector<std::string> lines;
  for (std::size_t at = 0, end; (end = outcome.out.find('\n', at)) != std::string::npos;
       at = end + 1)
    lines.push_back(outcome.out.substr(at, end - at));
  REQUIRE_FALSE(lines.empty());
  const std::string last = lines.back();
  lines.pop_back();
  return {lines, last};
}

}  // namespace

TEST_CASE("status follows links, each run once") {
  const Workplace place;
  add_run(place / "runs/mnist/full-1/seed-1", record::State::completed);
  add_run(place / "disk/late-2/seed-1", record::State::failed);
  fs::create_directory_symlink(place / "disk", place / "runs/elsewhere");
  fs::create_directory_symlink(place / "runs", place / "runs/mnist/loop");
  fs::create_directory_symlink("itself", place / "runs/itself");
  fs::create_directory_symlink("nowhere", place / "runs/nothing");
  // A second name of what is here anyway.
  fs::create_directory_symlink(place / "runs/mnist/full-1", place / "runs/again");
  const auto [lines, last] = status_of_runs(place.laq({"status", "runs", "--long"}));
  CHECK(last == "1 completed, 1 failed, 1 unreadable");
  const auto has = [&](const std::string& part) {
    return std::count_if(lines.begin(), lines.end(),
                         [&](const std::string& line) { return holds(line, part); });
  };
  CHECK(has("completed    mnist/full-1/seed-1  ") == 1);
  CHECK(has("failed       elsewhere/late-2/seed-1  ") == 1);
  CHECK(has("unreadable   itself  ") == 1);  // a link that leads to itself
  CHECK(lines.size() == 3);
  CHECK(status_of_runs(place.laq({"status", "runs/elsewhere"})).second == "1 failed");
  CHECK(status_of_runs(place.laq({"status", "runs/"})).second == last);
}

TEST_CASE("a planned run behind a link has its own state") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "--runs", "runs"}));
  fs::rename(place / "runs/tiny", place / "disk");
  fs::create_directory_symlink(place / "disk", place / "runs/tiny");
  const auto [lines, last] = status_of_runs(place.laq({"status", "runs", "--long"}));
  CHECK(last == "2 completed");
  CHECK_THAT(lines.front(), Catch::Contains("  tiny/full-"));
}

TEST_CASE("a folder that cannot be read does not hide the others' status") {
  const Workplace place;
  add_run(place / "runs/a/full-1/seed-1", record::State::completed);
  add_run(place / "runs/b/full-1/seed-1", record::State::completed);
  add_run(place / "runs/c/full-1/seed-1", record::State::completed);
  fs::permissions(place / "runs/b", fs::perms::none);
  Call call = place.call({"status", "runs"});
  if (::geteuid() == 0) {  // who may read everything, unless that right is taken away
    call.arguments.insert(call.arguments.begin(),
                          {"--bounding-set=-dac_override,-dac_read_search", LAQ_PROGRAM});
    call.program = "/usr/bin/setpriv";
  }
  const Outcome outcome = run(call);
  fs::permissions(place / "runs/b", fs::perms::owner_all);
  const auto [lines, last] = status_of_runs(outcome);
  CHECK(last == "2 completed, 1 unreadable");
  CHECK_THAT(outcome.out,
             Catch::Contains("unreadable   b  cannot look into it: Permission denied"));
}

TEST_CASE("a run whose number another process was given is not shown as running") {
  const Workplace place;
  const fs::path folder = place / "runs/mnist/full-1/seed-1";
  add_run(folder, record::State::running);  // by this process
  CHECK(status_of_runs(place.laq({"status", "runs"})).second == "1 running");
  auto json = nlohmann::json::parse(read_file(folder / "status.json"));
  json["heartbeat_seconds"] = json["heartbeat_seconds"].get<double>() - 203 * 3600;
  replace_file(folder / "status.json", json.dump());
  const auto [lines, last] = status_of_runs(place.laq({"status", "runs", "--long"}));
  CHECK(last == "1 interrupted");
  CHECK_THAT(lines.front(),
             Catch::Contains("its process ended without a word") && !Catch::Contains("silent"));
}

TEST_CASE("status has a line for each sweep, failures first, within 80 columns") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "train.epochs=1"}));
  const auto [good, done] = status_of_runs(place.laq({"status"}));
  CHECK(done == "2 completed");
  REQUIRE(good.size() == 1);
  CHECK_THAT(good[0],
             Catch::StartsWith("tiny           2/2 done; best ") && Catch::Contains(" on tiny"));
  check_done(place.laq({"sweep", "tiny", "--name", "other", "train.epochs=1", "method=full"}));
  const fs::path failed = place.run_folder("full", "results/other/runs");
  record::Status status = status_of(failed);
  status.state = record::State::failed;
  status.reason = "the disk is full";
  record::write_status(failed / "status.json", status);
  const auto [lines, last] = status_of_runs(place.laq({"status"}));
  CHECK(last == "2 completed, 1 failed");
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], Catch::StartsWith("failed ") && Catch::Contains("the disk is full"));
  CHECK_THAT(lines[1], Catch::StartsWith("other") && Catch::Contains("1 failed, 0/1 done"));
  CHECK_THAT(lines[2], Catch::StartsWith("tiny "));
  for (const std::size_t i : {1u, 2u}) CHECK(lines[i].size() <= 83);  // bytes, of 80 columns
  const auto all = nlohmann::json::parse(place.laq({"status", "--json"}).out);
  CHECK(all["sweeps"][0]["states"]["failed"] == 1);
  CHECK(all["sweeps"][1]["best"]["tiny"]["unit"] == "%");
  CHECK(all["runs"].size() == 3);
  // A sweep's name is enough.
  CHECK(status_of_runs(place.laq({"status", "tiny"})).second == "2 completed");
}
