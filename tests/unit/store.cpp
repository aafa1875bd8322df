#include <catch2/catch.hpp>
#include <fstream>

#include "analysis_support.hpp"
#include "core/files.hpp"
#include "record/schema.hpp"
#include "store/filter.hpp"
#include "store/shown.hpp"
#include "sweep/frozen_plan.hpp"
#include "train/recorded_run.hpp"

using namespace laq;
using namespace laq::analysis::test;

namespace {

const std::string kSweep =
    "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, late]\nseeds: [1, 2]\n"
    "grid: {train.batch: [100, 50]}\n";

std::vector<sweep::Plan> shown(const Bench& bench, std::vector<std::string> words = {}) {
  store::Store store;
  store::Wanted wanted;
  wanted.what = (bench.folder() / "trial.yaml").string();
  wanted.runs = bench.runs();
  wanted.words = std::move(words);
  wanted.data.data_dir = bench.folder() / "data";
  return store::shown(configs(), wanted, store);
}

}  // namespace

TEST_CASE("a resolved configuration is read back as the same run", "[store]") {
  for (const auto& experiment : {"mnist", "cifar10", "war_and_peace", "svhn"}) {
    for (const auto& method : config::names_in(configs(), "methods")) {
      for (const auto& profile : {"paper", "quick"}) {
        const train::Run run = train::resolve(configs(), {experiment, method, profile, 3, {}});
        const train::Run again =
            train::recorded_run(configs(), run.request, run.yaml(), run.hash, "");
        INFO(experiment << " " << method);
        CHECK(again.canonical == run.canonical);
        CHECK(again.method_title == run.method_title);
        CHECK(again.profile.title == run.profile.title);
        CHECK(again.folder() == run.folder());
      }
    }
  }
}

TEST_CASE("a frozen plan is shown as it was frozen", "[store]") {
  Bench bench(kSweep, {"train.epochs=2"});
  const sweep::Plan plan = bench.plan();
  sweep::settle_identity(plan, false);
  bench.complete({"late", 1, {{"train.batch", "50"}}}, 1.5);
  const auto plans = shown(bench);
  REQUIRE(plans.size() == 1);
  const sweep::Plan& recorded = plans[0];
  REQUIRE(recorded.jobs.size() == plan.jobs.size());
  CHECK(recorded.title == "T");
  CHECK(recorded.notes.empty());
  CHECK(recorded.grid == plan.grid);
  CHECK(recorded.methods == plan.methods);
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    CHECK(recorded.jobs[i].folder == plan.jobs[i].folder);
    CHECK(recorded.jobs[i].run.hash == plan.jobs[i].run.hash);
    CHECK(recorded.jobs[i].run.method_title == plan.jobs[i].run.method_title);
    CHECK(recorded.jobs[i].point == plan.jobs[i].point);
    CHECK(recorded.jobs[i].changed_by_words);
    CHECK(recorded.jobs[i].changed_by_point == plan.jobs[i].changed_by_point);
  }
  // Plans of the first versions say less; the rest is found out.
  const auto file = bench.runs() / "sweep-trial/plan.json";
  auto json = nlohmann::json::parse(read_file(file));
  for (const char* key : {"title", "table", "columns", "notes", "file"}) json.erase(key);
  for (auto& run : json["runs"]) {
    for (const char* key : {"title", "changed_by_words", "changed_by_point"}) run.erase(key);
  }
  replace_file(file, json.dump());
  const sweep::Plan old = shown(bench).at(0);
  CHECK(old.jobs[0].changed_by_words);
  CHECK(old.jobs[3].run.method_title == plan.jobs[3].run.method_title);
}

TEST_CASE("words leave runs out, however values are written", "[store]") {
  Bench bench(kSweep);
  sweep::settle_identity(bench.plan(), false);
  CHECK(shown(bench, {"method=late"}).at(0).jobs.size() == 4);
  CHECK(shown(bench, {"train.batch=5e1", "seed=range(1,3)"}).at(0).jobs.size() == 4);
  CHECK(shown(bench, {"train.adam.beta1=0.90", "method=full,late", "seed=2"}).at(0).jobs.size() ==
        4);
  CHECK(shown(bench, {"model.hidden=[512,512, 512]"}).at(0).jobs.size() == 8);
  CHECK(store::same_value("[8, 8]", "[8,8]"));
  CHECK_FALSE(store::same_value("1", "10"));
  const std::string nothing = message([&] { shown(bench, {"method=twn"}); });
  CHECK(holds(nothing, "no run fits method=twn"));
  CHECK(holds(nothing, "method=full, late"));
  CHECK(holds(nothing, "train.batch=100, 50"));
}

TEST_CASE("a folder's runs make a plan by what they differ in", "[store]") {
  Bench bench(kSweep);
  for (const auto& job : bench.plan().jobs) {
    make_folder(job.folder);
    replace_file(job.folder / "config.yaml", job.run.yaml());
    record::write_status(job.folder / "status.json", record::own_status(State::failed));
  }
  store::Store store;
  const sweep::Plan plan = store::runs_below(configs(), bench.runs(), store);
  REQUIRE(plan.jobs.size() == 8);
  CHECK(plan.grid == std::vector<sweep::Axis>{{"train.batch", {"50", "100"}}});
  CHECK(plan.profile.name == "quick");
  for (const auto& job : plan.jobs) {
    CHECK(job.state == State::failed);
    CHECK_FALSE(job.changed_by_words);
    CHECK(job.changed_by_point == (job.point[0].second == "50"));
  }
}

TEST_CASE("a record is believed by one rule", "[store]") {
  Bench bench(kSweep);
  const auto stored = [&](const Which& which) {
    for (const auto& job : bench.plan().jobs) {
      if (job.folder != bench.run_folder(which)) continue;
      store::Store store;
      return store.of(job);
    }
    throw Error({.what = "no such job"});
  };
  const Which good{"full", 1, {{"train.batch", "50"}}}, other{"full", 2, {{"train.batch", "50"}}},
      lacking{"late", 1, {{"train.batch", "50"}}}, broken{"late", 2, {{"train.batch", "50"}}};
  bench.complete(good, 1.5);
  CHECK(stored(good).completed());
  bench.write_record(other, Measured{1.0}, std::string(64, 'f'));
  bench.leave(other, State::completed, "");
  CHECK(stored(other).misplaced);
  CHECK_FALSE(stored(other).completed());
  bench.complete(lacking, Measured{});
  CHECK(holds(stored(lacking).reason, "the record has no test_error"));
  CHECK_FALSE(stored(lacking).completed());
  bench.complete(broken, 1.5);
  std::ofstream(bench.run_folder(broken) / "run.h5", std::ios::trunc) << "no HDF5";
  CHECK(stored(broken).state == State::completed);
  CHECK_FALSE(stored(broken).record);
}

TEST_CASE("levels of two bits are named as one quantizer", "[store]") {
  const Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [laq3_linear, laq3_log, lata]\n"
      "grid: {quantizer.bits: [2, 3]}\nexclude: {method: lata}\n");
  const auto notes = sweep::equal_quantizers(bench.plan().jobs);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] ==
        "One quantizer under several names: mnist laq3_linear quantizer.bits=2; mnist laq3_log "
        "quantizer.bits=2.");
  CHECK(holds(markdown_of(bench.table()), notes[0]));
  const Bench ternary(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [laq3_linear]\n"
      "grid: {quantizer.levels: [linear, log], quantizer.bits: [2]}\n");
  CHECK(sweep::equal_quantizers(ternary.plan().jobs).size() == 1);
  const Bench apart(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late, lata, laq3_linear]\n");
  CHECK(sweep::equal_quantizers(apart.plan().jobs).empty());
}

TEST_CASE("the documentation has every column of the schema", "[store]") {
  const std::string page = read_file(configs().parent_path() / "docs/runs.md");
  for (const auto part : {record::Part::epochs, record::Part::steps, record::Part::layers,
                          record::Part::final_values}) {
    for (const auto& column : record::columns_of(part)) {
      INFO(column.name);
      CHECK(holds(page, "`" + std::string(column.name) + "`"));
      CHECK_FALSE(column.meaning.empty());
    }
  }
  CHECK_FALSE(record::find_column(record::Part::steps, "flips"));
}
