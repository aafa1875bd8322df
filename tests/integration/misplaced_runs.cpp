#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/tiny_text.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kRuns = "results/tiny/runs";

/// Every file of a folder by its name.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::directory_iterator(folder))
    all[entry.path().filename().string()] = read_file(entry.path());
  return all;
}

fs::path copy_of(const fs::path& run, const std::string& name) {
  const fs::path copy = run.parent_path() / name;
  fs::copy(run, copy, fs::copy_options::recursive);
  return copy;
}

}  // namespace

TEST_CASE("a copied run counts for nothing and is not written into") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "method=late"}));
  const fs::path copy = copy_of(place.run_folder("late", kRuns), "seed-2");
  const auto before = contents(copy);

  const json table =
      json::parse(place.laq({"table", "tiny", "method=late", "seed=1,2", "--format", "json"}).out);
  CHECK(table["rows"][0]["cells"][0]["n"] == 1);
  const Outcome sweep = place.laq({"sweep", "tiny", "method=late", "seed=1,2", "--extend"});
  CHECK(sweep.exit_code == 1);
  CHECK_THAT(sweep.out, Catch::Contains("2 runs, 1 done, 1 to do") &&
                            Catch::Contains("failed tiny late seed 2: ") &&
                            Catch::Contains("found seed 1, expected seed 2"));
  check_refusal(place.laq({"run", "tiny", "--method", "late", "--seed", "2", "--runs", kRuns}), 1,
                {"seed-2/run.h5: is of another run", "found seed 1, expected seed 2", "remove it"});
  CHECK(contents(copy) == before);
  const Outcome status = place.laq({"status", kRuns});
  CHECK_THAT(status.out, Catch::Contains("1 completed") && Catch::Contains("1 unreadable") &&
                             Catch::Contains("found seed 1, expected seed 2"));
  CHECK(place.laq({"report", "tiny", "method=late", "seed=1,2"}).exit_code == 0);
  CHECK_THAT(read_file(place / "results/tiny/report.html"),
             Catch::Contains("found seed 1, expected seed 2"));

  fs::remove_all(copy);
  const Outcome again = place.laq({"sweep", "tiny", "method=late", "seed=1,2", "--extend"});
  check_done(again);
  CHECK(count(again.out, "done   ") == 1);
}

TEST_CASE("a renamed experiment, method or hash is told") {
  const Workplace place;
  check_done(place.laq({"run", "tiny", "--method", "late"}));
  const fs::path run = place.run_folder("late"), method = run.parent_path();
  const std::string hash = method.filename().string().substr(5);
  const auto check_renamed = [&](const fs::path& from, const fs::path& to,
                                 const std::string& message) {
    fs::rename(from, to);
    CHECK_THAT(place.laq({"status", "results"}).out,
               Catch::Contains("1 unreadable") && Catch::Contains(message));
    fs::rename(to, from);
  };
  check_renamed(method, method.parent_path() / ("lata-" + hash),
                "found method late, expected method lata");
  check_renamed(method, method.parent_path() / "late-00000000",
                "found hash " + hash + ", expected hash 00000000");
  check_renamed(method.parent_path(), place / "results/runs/mnist",
                "found experiment tiny, expected experiment mnist");
  CHECK_THAT(place.laq({"status", "results"}).out, Catch::Contains("1 completed"));
}

TEST_CASE("an unfinished copy is not trained on under another seed") {
  const Workplace place;
  const std::vector<std::string> words{"run", "tiny", "train.epochs=40", "model.hidden=[64, 64]",
                                       "--seed"};
  const auto with_seed = [&](const std::string& seed) {
    std::vector<std::string> all = words;
    all.push_back(seed);
    return place.call(all);
  };
  Program first(with_seed("1"));
  REQUIRE(first.wait_for_output("epoch   1/"));
  first.send(SIGTERM);
  REQUIRE(first.finish().exit_code == 75);
  const fs::path run_1 = place.run_folder();
  const fs::path copy = copy_of(run_1, "seed-2");
  for (const bool with_record : {true, false}) {
    if (!with_record) fs::remove(copy / "run.h5");
    const auto before = contents(copy);
    check_refusal(run(with_seed("2")), 1,
                  {with_record ? "run.h5" : "checkpoint.h5", "found seed 1, expected seed 2"});
    CHECK(contents(copy) == before);
  }
  fs::remove_all(copy);
  check_done(run(with_seed("1")));
}

TEST_CASE("a copied character model does not write under another name") {
  const Workplace place;
  add_text(place, tiny_words());
  check_done(place.laq({"run", "words", "--method", "late"}));
  fs::path run;
  for (const auto& entry : fs::recursive_directory_iterator(place / "results/runs/words")) {
    if (entry.path().filename() == "seed-1") run = entry.path();
  }
  const auto sample = [&](const fs::path& folder) {
    return place.laq({"sample", folder.string(), "--length", "5", "--prompt", "one "});
  };
  CHECK(sample(run).exit_code == 0);
  check_refusal(sample(copy_of(run, "seed-2")), 1,
                {"checkpoint.h5", "found seed 1, expected seed 2"});
  fs::copy(run, place / "taken", fs::copy_options::recursive);  // a name that says nothing
  CHECK(sample(place / "taken").exit_code == 0);
}

TEST_CASE("the records that git keeps are accepted") {
  const Workplace place;
  const std::string records = LAQ_SOURCE_DIR "/results/mnist/records";
  const Outcome outcome = place.laq(
      {"table", "mnist", "seed=1", "--runs", records, "--format", "json", "--data-dir", "nowhere"});
  check_done(outcome);
  const json table = json::parse(outcome.out);
  std::size_t recorded = 0;
  for (const auto& row : table["rows"]) recorded += row["cells"][0]["n"] == 1 ? 1 : 0;
  CHECK(recorded == 13);
  CHECK_THAT(place.laq({"status", records}).out, Catch::EndsWith("13 completed\n"));
}

TEST_CASE("finished runs are shown without their data, not those of a fallback") {
  const Workplace place;
  write_text(place / "configs/datasets/away.yaml", tiny_dataset_yaml(tiny_files()));
  write_text(place / "configs/experiments/away.yaml",
             "extends: [experiments/tiny]\ndataset: away\n");
  write_text(place / "configs/sweeps/instead.yaml",
             "title: Instead\nprofile: paper\nexperiments: [away]\nmethods: [full, late]\n"
             "fallbacks: {away: tiny}\n");
  fs::copy(place.data(), place / "data/away", fs::copy_options::recursive);
  check_done(place.laq({"sweep", "instead", "method=full"}));
  fs::rename(place / "data/away", place / "gone");

  const auto cells = [&] {
    const Outcome outcome = place.laq({"table", "instead", "--format", "json"});
    check_done(outcome);
    return json::parse(outcome.out);
  };
  // What is missing falls back, what is finished stays.
  const Outcome rest = place.laq({"sweep", "instead"});
  INFO(rest.out << rest.err);
  CHECK(rest.exit_code == 0);
  CHECK_THAT(rest.out, Catch::Contains("where nothing is recorded (1 of 2 runs)") &&
                           Catch::Contains("start  tiny late seed 1") &&
                           !Catch::Contains("start  away"));
  CHECK(cells()["columns"].size() == 2);

  // All finished: no word of the fallback, and a repeated sweep leaves the table as it is.
  fs::rename(place / "gone", place / "data/away");
  check_done(place.laq({"sweep", "instead"}));
  const std::string table = read_file(place / "results/instead/table.md");
  fs::rename(place / "data/away", place / "gone");
  const json shown = cells();
  REQUIRE(shown["columns"].size() == 1);
  CHECK(shown["columns"][0]["experiment"] == "away");
  for (const auto& row : shown["rows"]) CHECK(row["cells"][0]["n"] == 1);
  const Outcome repeated = place.laq({"sweep", "instead"});
  check_done(repeated);
  CHECK_THAT(repeated.out,
             Catch::Contains("2 runs, 2 done, 0 to do") && !Catch::Contains("run instead"));
  CHECK(read_file(place / "results/instead/table.md") == table);
}
