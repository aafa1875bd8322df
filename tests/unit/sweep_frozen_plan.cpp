#include "support/scratch.hpp"
#include "sweep/frozen_plan.hpp"

using namespace laq;
using namespace laq::sweep;
using namespace laq::test;

namespace {

struct Bench {
  Scratch folder;

  Plan plan(const std::string& yaml, Values words = {}) const {
    PlanRequest request;
    request.sweep =
        folder.write("trial.yaml", "profile: quick\nexperiments: [mnist]\n" + yaml).string();
    request.runs = folder / "runs";
    request.words = std::move(words);
    return make_plan(project_configs(), request);
  }
  std::filesystem::path file() const { return folder / "runs/sweep-trial/plan.json"; }
  std::size_t frozen_runs() const { return read_frozen_plan(file())->runs.size(); }
};

const std::string kTwo = "methods: [full, late]\n";

}  // namespace

TEST_CASE("a sweep is frozen when it starts, and goes on unchanged", "[sweep]") {
  const Bench bench;
  const Plan plan = bench.plan(kTwo + "seeds: [1, 2]\ngrid: {train.epochs: [1, 3]}\n");
  CHECK_FALSE(read_frozen_plan(bench.file()));
  CHECK(settle_identity(plan, false).empty());
  const auto frozen = read_frozen_plan(bench.file());
  REQUIRE(frozen);
  REQUIRE(frozen->runs.size() == plan.jobs.size());
  CHECK(frozen->configurations.size() == 4);
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    CHECK(frozen->runs[i].name() == job_name(plan.jobs[i]));
    CHECK(plan.runs / frozen->runs[i].folder == plan.jobs[i].folder);
    CHECK(frozen->configurations.at(frozen->runs[i].hash) == plan.jobs[i].run.canonical);
  }
  const std::string before = read_file(bench.file());
  CHECK(settle_identity(plan, false).empty());
  CHECK(read_file(bench.file()) == before);
}

TEST_CASE("a changed file is told, and only new runs can be added", "[sweep]") {
  const Bench bench;
  settle_identity(bench.plan(kTwo), false);
  const auto refusal = [&](const std::string& yaml, bool extend) {
    return usage_message([&] { settle_identity(bench.plan(yaml), extend); });
  };
  const std::string more = "methods: [full, late, bwn]\n";
  CHECK_THAT(refusal(more, false), Contains("1 run is new (mnist bwn seed 1)") &&
                                       Contains("--extend") && Contains("--name"));
  for (const bool extend : {false, true}) {
    CHECK_THAT(refusal(kTwo + "overrides: {train.epochs: 3}\n", extend),
               Contains("train.epochs 5 → 3 (2 runs)") && Contains("--name"));
    CHECK_THAT(refusal("methods: [late]\n", extend), Contains("1 run is gone (mnist full seed 1)"));
  }
  CHECK(bench.frozen_runs() == 2);
  CHECK_THAT(settle_identity(bench.plan(more), true), Contains("mnist bwn seed 1"));
  CHECK(bench.frozen_runs() == 3);
  CHECK(settle_identity(bench.plan(more), false).empty());
}

TEST_CASE("words choose a part of the sweep, and what they add is no part of the file", "[sweep]") {
  const Bench bench;
  settle_identity(bench.plan(kTwo), false);
  CHECK(settle_identity(bench.plan(kTwo, {"method=late"}), false).empty());
  CHECK_THAT(usage_message([&] { settle_identity(bench.plan(kTwo, {"train.epochs=1"}), false); }),
             Contains("train.epochs 5 → 1 (2 runs)"));
  CHECK_FALSE(settle_identity(bench.plan(kTwo, {"method=bwn"}), true).empty());
  CHECK(settle_identity(bench.plan(kTwo), false).empty());
  CHECK(settle_identity(bench.plan(kTwo, {"method=bwn"}), false).empty());
}

TEST_CASE("runs on other data join when a fallback is no longer needed", "[sweep]") {
  const Bench bench;
  Plan plan = bench.plan(kTwo);
  plan.fallbacks_taken = {{"elsewhere", "mnist"}};
  Plan own = plan;
  own.fallbacks_taken.clear();
  for (auto& job : own.jobs) {
    job.run.request.experiment = "elsewhere";
    job.run.hash.front() = 'x';
  }
  own.fallbacks = {{"elsewhere", "mnist"}};
  settle_identity(plan, false);
  CHECK_THAT(settle_identity(own, false), Contains("elsewhere late seed 1"));
  CHECK(bench.frozen_runs() == 4);
  // Nothing else joins on that occasion.
  Plan more = bench.plan("methods: [full, late, bwn]\n");
  more.fallbacks = own.fallbacks;
  more.fallbacks_taken = own.fallbacks;
  CHECK_THAT(usage_message([&] { settle_identity(more, false); }), Contains("mnist bwn seed 1"));
}

TEST_CASE("seeds of a configuration that was edited since are not added", "[sweep]") {
  const Bench bench;
  settle_identity(bench.plan(kTwo), false);
  CHECK(settle_identity(bench.plan(kTwo, {"seed=2"}), true).size() > 0);
  Plan edited = bench.plan(kTwo, {"seed=3"});
  for (auto& job : edited.jobs) {
    job.run.hash.front() = 'x';
    job.run.canonical["train"]["batch"] = 7;
  }
  CHECK_THAT(usage_message([&] { settle_identity(edited, true); }),
             Contains("train.batch 100 → 7 (2 runs)") && Contains("--name NAME"));
  // Words that set the key say that the runs are others.
  const Plan told = bench.plan(kTwo, {"seed=3", "train.batch=7"});
  CHECK_THAT(settle_identity(told, true), Contains("2 runs are new"));
}

TEST_CASE("runs that stood in for others are not gone when those are back", "[sweep]") {
  const Bench bench;
  Plan own = bench.plan(kTwo);
  own.fallbacks = {{"mnist", "fashion_mnist"}};
  Plan instead = own;
  instead.fallbacks_taken = instead.fallbacks;
  for (auto& job : instead.jobs) {
    job.run.request.experiment = "fashion_mnist";
    job.run.hash.front() = 'x';
  }
  settle_identity(instead, false);
  settle_identity(own, false);
  CHECK(settle_identity(own, false).empty());  // and not once only
  CHECK(settle_identity(instead, false).empty());
  own.fallbacks.clear();
  CHECK(difference(*read_frozen_plan(bench.file()), own).gone.size() == 2);
}

TEST_CASE("a broken frozen plan is named", "[sweep]") {
  const Bench bench;
  const Plan plan = bench.plan(kTwo);
  // What cannot be read may be whole.
  make_folder(bench.folder / "runs/sweep-trial/plan.json");
  CHECK_THAT(message_of([&] { settle_identity(plan, false); }),
             Contains("plan.json: is a folder") && !Contains("delete"));
  std::filesystem::remove(bench.folder / "runs/sweep-trial/plan.json");
  for (const char* content : {"{ half", "[]", "{\"sweep\": 3}"}) {
    bench.folder.write("runs/sweep-trial/plan.json", content);
    CHECK_THAT(message_of([&] { settle_identity(plan, false); }),
               Contains("plan.json: the frozen plan is broken") && Contains("delete the file"));
  }
}
