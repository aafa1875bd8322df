#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/program.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

constexpr const char* kHead = "title: T\nprofile: paper\nexperiments: [tiny]\n";

void write_sweep(const Workplace& place, const std::string& rest) {
  write_text(place / "configs/sweeps/mine.yaml", kHead + rest);
}

}  // namespace

TEST_CASE("a sweep whose file was edited is refused, extended or given another name") {
  const Workplace place;
  write_sweep(place, "methods: [full]\n");
  check_done(place.laq({"sweep", "mine"}));
  CHECK(fs::exists(place / "results/mine/runs/sweep-mine/plan.json"));

  write_sweep(place, "methods: [full, late]\n");
  check_refusal(place.laq({"sweep", "mine"}), 2,
                {"results/mine/runs/sweep-mine/plan.json", "1 run is new (tiny late seed 1)",
                 "--extend", "--name"});
  CHECK_FALSE(fs::exists(place / "results/mine/runs/tiny/late"));
  const Outcome look = place.laq({"sweep", "mine", "--dry-run"});
  check_done(look);
  CHECK_THAT(look.out, Catch::Contains("note: not the sweep that was started here on") &&
                           Catch::Contains("tiny late seed 1"));
  const Outcome extended = place.laq({"sweep", "mine", "--extend"});
  check_done(extended);
  CHECK_THAT(extended.out, Catch::Contains("2 runs, 1 done, 1 to do") &&
                               Catch::Contains("note: added to the sweep: 1 run is new"));
  check_done(place.laq({"sweep", "mine"}));

  write_sweep(place, "methods: [full, late]\noverrides: {train.epochs: 2}\n");
  check_refusal(place.laq({"sweep", "mine", "--extend"}), 2,
                {"train.epochs 3 → 2 (2 runs)", "--name NAME"});
  const Outcome renamed = place.laq({"sweep", "mine", "--name", "shorter"});
  check_done(renamed);
  CHECK_THAT(renamed.out, Catch::Contains("sweep shorter") && Catch::Contains("2 runs, 0 done"));
  CHECK(fs::exists(place / "results/shorter/table.md"));
  check_done(place.laq({"table", "mine", "--name", "shorter"}));
  check_done(place.laq({"plot", "mine", "--name", "shorter"}));
  CHECK(fs::exists(place / "results/shorter/figures/figures.tsv"));
}

TEST_CASE("a configuration that is edited while a sweep goes on fails by name") {
  const Workplace place;
  write_sweep(place, "methods: [full, late]\n");
  Program sweep(place.call({"sweep", "mine", "train.epochs=300"}));
  REQUIRE(sweep.wait_for_output("start  tiny full"));
  sweep.wait_for_file(place.run_folder("full", "results/mine/runs") / "run.h5");
  const fs::path method = place / "configs/methods/late.yaml";
  write_text(method, read_file(method) + "model: {init: glorot}\n");
  const Outcome outcome = sweep.finish();
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.out,
             Catch::Contains("done   tiny full") && Catch::Contains("failed tiny late"));
  CHECK_THAT(read_file(place.run_folder("late", "results/mine/runs") / "log.txt"),
             Catch::Contains("the configuration was changed"));
}

TEST_CASE("runs of an edited configuration join no sweep, whatever words ask for them") {
  const Workplace place;
  write_sweep(place, "methods: [late]\n");
  check_done(place.laq({"sweep", "mine"}));
  const fs::path method = place / "configs/methods/late.yaml";
  write_text(method, read_file(method) + "train: {batch: 5}\n");
  check_refusal(place.laq({"sweep", "mine", "seed=2", "--extend"}), 2,
                {"train.batch", "→ 5 (1 run)", "--name NAME"});
}

TEST_CASE("calls that extend a sweep at the same time lose no run of each other") {
  const Workplace place;
  write_sweep(place, "methods: [full]\n");
  check_done(place.laq({"sweep", "mine"}));
  std::vector<std::unique_ptr<Program>> calls;
  for (const char* seed : {"seed=2", "seed=3", "seed=4"})
    calls.push_back(std::make_unique<Program>(place.call({"sweep", "mine", seed, "--extend"})));
  for (const auto& call : calls) check_done(call->finish());
  const auto plan =
      nlohmann::json::parse(read_file(place / "results/mine/runs/sweep-mine/plan.json"));
  CHECK(plan.at("runs").size() == 4);
}

TEST_CASE("zipped and excluded points of a sweep, as the plan shows them") {
  const Workplace place;
  write_sweep(place,
              "methods: [full, late]\nzip: {train.epochs: [1, 2], train.batch: [20, 10]}\n"
              "exclude: {method: full, train.epochs: 2}\n");
  const Outcome plan = place.laq({"sweep", "mine", "--dry-run"});
  check_done(plan);
  CHECK(count(plan.out, "  queued ") == 3);
  CHECK_THAT(
      plan.out,
      Catch::Contains("note: Excluded by the sweep's file: method=full train.epochs=2 (1 run)") &&
          Catch::Contains("tiny late train.batch=10 train.epochs=2 seed 1"));
}
