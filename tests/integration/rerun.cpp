#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"
#include "record/run_record.hpp"
#include "record/status.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

/// As if the method's source had been edited since the run was finished.
void edit_source(const fs::path& run) {
  auto status = nlohmann::ordered_json::parse(read_file(run / "status.json"));
  REQUIRE(status["method_source"].get<std::string>().size() == 16);
  status["method_source"] = "0123456789abcdef";
  replace_file(run / "status.json", status.dump(2) + "\n");
}

}  // namespace

TEST_CASE("a finished run of other code of its method says so, and can be made anew") {
  const Workplace place;
  // Long enough to be killed in the middle.
  const std::vector<std::string> late{
      "run", "tiny", "--method", "late", "train.epochs=60", "model.hidden=[64, 64]"};
  check_done(place.laq(late));
  const fs::path run = place.run_folder("late");
  const auto record = record::read_run_record(run / "run.h5");
  CHECK(record.provenance.method_source.size() == 16);
  CHECK(record.history.stretches.front().by.method_source == record.provenance.method_source);
  CHECK(place.laq(late).err.empty());

  edit_source(run);
  const Outcome told = place.laq(late);
  CHECK(told.exit_code == 0);
  CHECK_THAT(told.err, Catch::Contains("other code of its method") && Catch::Contains("--rerun"));
  CHECK(count(told.err, "\n") == 1);

  const std::string old = read_file(run / "run.h5");
  std::vector<std::string> anew = late;
  anew.push_back("--rerun");
  {
    Program slow(place.call(anew));  // killed while it is under way
    REQUIRE(slow.wait_for_file(run / "before" / "status.json"));
    REQUIRE(slow.wait_for_file(run / "status.json"));
    slow.send(SIGKILL);
  }
  CHECK((read_file(run / "before" / "run.h5") == old));
  CHECK(count(place.laq({"status", "results/runs", "--long"}).out, "late-") == 1);
  check_done(place.laq(late));
  CHECK_FALSE(fs::exists(run / "before"));
  CHECK(record::read_run_record(run / "run.h5").history.epochs.find("train_loss") != nullptr);
  CHECK(place.laq(late).err.empty());
}

TEST_CASE("a sweep counts its runs of other code, and makes those anew") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny"}));
  const fs::path late = place.run_folder("late", "results/tiny/runs");
  const fs::path full = place.run_folder("full", "results/tiny/runs");
  const auto written = [&](const fs::path& run) { return fs::last_write_time(run / "run.h5"); };
  const auto of_full = written(full), of_late = written(late);
  CHECK_THAT(place.laq({"sweep", "tiny"}).out, !Catch::Contains("other code"));
  edit_source(late);
  {  // What cannot be made anew is kept.
    const fs::path data = place.data(), away = place / "away";
    fs::rename(data, away);
    const Outcome kept = place.laq({"sweep", "tiny", "--rerun"});
    CHECK_THAT(kept.out, Catch::Contains("they are kept, as their data is not at hand"));
    check_refusal(
        place.laq({"run", "tiny", "--method", "late", "--rerun", "--runs", "results/tiny/runs"}), 1,
        {"data file is missing"});
    CHECK(written(late) == of_late);
    fs::rename(away, data);
  }
  const Outcome told = place.laq({"sweep", "tiny"});
  check_done(told);
  CHECK_THAT(told.out, Catch::Contains("note: 1 finished runs are of other code") &&
                           Catch::Contains("--rerun"));
  CHECK(written(late) == of_late);
  check_done(place.laq({"sweep", "tiny", "--rerun"}));
  CHECK(written(late) > of_late);
  CHECK(written(full) == of_full);
  CHECK_FALSE(fs::exists(late / "before"));
  CHECK_THAT(place.laq({"sweep", "tiny"}).out, !Catch::Contains("other code"));
}

TEST_CASE("a sweep that selects chooses by scores of today's code") {
  const Workplace place;
  const std::vector<std::string> select{"sweep",
                                        "tiny",
                                        "--select",
                                        "valid",
                                        "method=late",
                                        "seed=1",
                                        "train.learning_rate=0.01,0.00001"};
  check_done(place.laq(select));
  const fs::path runs = place / "results/tiny/runs/tiny";
  for (const auto& setting : fs::directory_iterator(runs)) edit_source(setting.path() / "seed-1");
  std::vector<std::string> anew = select;
  anew.push_back("--rerun");
  const Outcome outcome = place.laq(anew);
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("note: 2 finished runs are of other code") &&
                              Catch::Contains("they are made anew"));
  CHECK(count(outcome.out, "done   tiny late") == 2);
}
