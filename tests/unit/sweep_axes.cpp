#include <set>

#include "support/scratch.hpp"
#include "sweep/plan.hpp"

using namespace laq;
using namespace laq::sweep;
using namespace laq::test;

namespace {

const std::string kHead = "profile: quick\nexperiments: [mnist]\n";

struct Bench {
  Scratch folder;
  PlanRequest request;

  explicit Bench(const std::string& yaml) {
    request.sweep = folder.write("trial.yaml", kHead + yaml).string();
    request.runs = folder / "runs";
  }
  Plan plan(Values words = {}) {
    request.words = std::move(words);
    return make_plan(project_configs(), request);
  }
  Values names(const Values& words = {}) {
    Values all;
    for (const auto& job : plan(words).jobs) all.push_back(job_name(job));
    return all;
  }
  std::string refusal(const Values& words = {}) {
    return usage_message([&] { plan(words); });
  }
};

}  // namespace

TEST_CASE("a range may have a step", "[sweep]") {
  CHECK(axis_values("range(2,9,3)") == Values{"2", "5", "8"});
  CHECK(axis_values("range(0,4,2)") == Values{"0", "2"});
  CHECK(axis_values("range(9223372036854775800,9223372036854775807,5)") ==
        Values{"9223372036854775800", "9223372036854775805"});
  for (const char* wrong :
       {"range(1,5,0)", "range(1,5,-1)", "range(-9223372036854775807,9223372036854775807)"})
    CHECK_THAT(usage_message([&] { axis_values(wrong); }), Contains("an empty or too long range"));
}

TEST_CASE("ranges in a sweep's file, for seeds too", "[sweep]") {
  Bench bench(
      "methods: [laq3_log]\nseeds: range(1,4)\ngrid: {quantizer.bits: ['range(2,4)', 6]}\n");
  CHECK(bench.plan().jobs.size() == 3 * 3);
  CHECK(bench.names({"seed=7"}) == Values{"mnist laq3_log quantizer.bits=2 seed 7",
                                          "mnist laq3_log quantizer.bits=3 seed 7",
                                          "mnist laq3_log quantizer.bits=6 seed 7"});
}

TEST_CASE("axes of a zip go together, and every pair meets every point of the grid", "[sweep]") {
  Bench bench(
      "methods: [late]\n"
      "zip: {train.epochs: [1, 2], train.batch: [50, 100]}\n"
      "grid: {quantizer.scaling: [symmetric, asymmetric]}\n");
  const Plan plan = bench.plan();
  REQUIRE(plan.jobs.size() == 4);
  const auto values = [&](std::size_t job) {
    const auto& run = plan.jobs[job].run;
    return std::pair(run.train.epochs, run.train.batch);
  };
  CHECK(values(0) == std::pair<std::int64_t, std::int64_t>(1, 50));
  CHECK(values(1) == std::pair<std::int64_t, std::int64_t>(2, 100));
  CHECK(values(2) == values(0));
  CHECK(values(3) == values(1));
  CHECK(plan.jobs[0].run.quantizer.method->scale_count() == 1);
  CHECK(plan.jobs[2].run.quantizer.method->scale_count() == 2);
  CHECK(plan.grid.size() == 3);
}

TEST_CASE("several zips are combined with each other", "[sweep]") {
  Bench bench(
      "methods: [late]\nzip:\n"
      "  - {train.epochs: [1, 2], train.batch: [50, 100]}\n"
      "  - {quantizer.scaling: [symmetric, asymmetric, symmetric], quantizer.group: [tensor, "
      "tensor, row]}\n");
  const Plan plan = bench.plan();
  std::set<std::string> hashes;
  for (const auto& job : plan.jobs) hashes.insert(job.run.hash);
  CHECK(plan.jobs.size() == 6);
  CHECK(hashes.size() == 6);
}

TEST_CASE("a zip is checked", "[sweep]") {
  const std::string zip = "methods: [late]\nzip: {train.epochs: [1, 2], train.batch: [50, 100]}\n";
  CHECK_THAT(Bench("methods: [late]\nzip: {train.epochs: [1, 2], train.batch: [50]}\n").refusal(),
             Contains("the same number of values") && Contains("'train.epochs'") &&
                 Contains("'train.batch'"));
  CHECK_THAT(Bench(zip + "grid: {train.epochs: [3]}\n").refusal(),
             Contains("'train.epochs' is an axis twice"));
  CHECK_THAT(Bench(zip).refusal({"train.batch=10,20,30"}), Contains("the same number of values"));
  CHECK(Bench(zip).plan({"train.batch=10,20"}).jobs[1].run.train.batch == 20);
}

TEST_CASE("runs are excluded by name, and the plan says so", "[sweep]") {
  Bench bench(
      "methods: [late, laq3_log]\nseeds: [1, 2]\ngrid: {train.epochs: [1, 2]}\nexclude:\n"
      "  - {method: late, train.epochs: 2}\n"
      "  - {method: [laq3_log], train.epochs: [1, 2], seed: 2}\n");
  CHECK(bench.names() ==
        Values{"mnist late train.epochs=1 seed 1", "mnist late train.epochs=1 seed 2",
               "mnist laq3_log train.epochs=1 seed 1", "mnist laq3_log train.epochs=2 seed 1"});
  const Plan plan = bench.plan();
  REQUIRE(plan.notes.size() == 2);
  CHECK_THAT(plan.notes[0], Contains("method=late train.epochs=2 (2 runs)"));
  CHECK_THAT(plan.notes[1], Contains("seed=2") && Contains("(2 runs)"));
}

TEST_CASE("what has no meaning is excluded by name or refused by name", "[sweep]") {
  const std::string axes = "methods: [lab, laq3_log]\ngrid: {quantizer.levels: [binary, log], ";
  const std::string bits = axes + "quantizer.bits: [2, 3]}\n";
  CHECK_THAT(Bench(bits).refusal(),
             Contains("4 combinations of the sweep cannot be run") &&
                 Contains("mnist lab quantizer.bits=2 quantizer.levels=binary") &&
                 Contains("has no meaning") && Contains("'exclude'"));
  Bench excluded(bits + "exclude: {quantizer.levels: binary}\n");
  CHECK(excluded.plan().jobs.size() == 4);
}

TEST_CASE("an exclusion that cannot be meant is refused", "[sweep]") {
  const std::string axes = "methods: [late]\ngrid: {train.epochs: [1, 2]}\n";
  CHECK_THAT(Bench(axes + "exclude: {train.epoch: 1}\n").refusal(),
             Contains("'exclude' names 'train.epoch'") && Contains("did you mean 'train.epochs'?"));
  CHECK_THAT(Bench(axes + "exclude: {train.epochs: 3}\n").refusal(),
             Contains("leaves out nothing with train.epochs=3"));
  CHECK_THAT(Bench(axes + "exclude: {method: late}\n").refusal(),
             Contains("nothing is left to run"));
  // Words may take away what would be excluded.
  CHECK(Bench(axes + "exclude: {train.epochs: 1}\n").plan({"train.epochs=2,3"}).jobs.size() == 2);
}
