#include "record/run_record.hpp"
#include "support/scratch.hpp"
#include "sweep/estimate.hpp"

using namespace laq;
using namespace laq::sweep;
using namespace laq::test;
using record::State;

namespace {

Plan plan_of(const Scratch& folder, const std::vector<std::string>& words = {}) {
  PlanRequest request;
  request.sweep = folder
                      .write("trial.yaml",
                             "experiments: [mnist]\nmethods: [late]\nprofile: quick\n"
                             "grid: {train.epochs: [1, 4]}\nseeds: [1, 2]\n")
                      .string();
  request.runs = folder / "runs";
  request.words = words;
  return make_plan(project_configs(), request);
}

void finish(Job& job, double seconds) {
  record::RunRecord run;
  run.provenance = record::system_provenance();
  run.provenance.config_hash = job.run.hash;
  run.provenance.seed = job.run.request.seed;
  run.history.final_values["seconds"] = seconds;
  make_folder(job.folder);
  record::write_run_record(job.folder / "run.h5", run.provenance, run.history);
  job.state = State::completed;
}

}  // namespace

TEST_CASE("an estimate grows with the work", "[sweep]") {
  const Scratch folder;
  const Plan plan = plan_of(folder);
  const Estimate estimate(plan, 1);
  CHECK_THAT(estimate.source(), Catch::StartsWith("a guess"));
  const double one = estimate.seconds(plan.jobs[0]);
  CHECK(one > 0);
  CHECK(estimate.seconds(plan.jobs[2]) == Approx(4 * one));  // 4 epochs
  CHECK(estimate.seconds_left() == Approx(10 * one));
  const Estimate side_by_side(plan, 2);
  CHECK(side_by_side.seconds_left() > 0);

  const auto with = [&](const std::string& word) {
    return estimate.seconds(plan_of(folder, {word}).jobs[0]);
  };
  CHECK(with("train.max_steps=50") == Approx(one / 10));  // of 500 steps
  CHECK(with("train.max_steps=5000") == Approx(one));
  CHECK(with("data.train_limit=5000") == Approx(one / 10));
  CHECK(with("model.hidden=[]") < one / 50);
}

TEST_CASE("a limit beyond the data estimates no more than all of it", "[sweep]") {
  const Scratch folder;
  const Plan plan = plan_of(folder), limited = plan_of(folder, {"data.train_limit=1000000"});
  const Estimate estimate(plan, 1);
  CHECK(estimate.seconds(limited.jobs[0]) == Approx(estimate.seconds(plan.jobs[0])));
}

TEST_CASE("measured runs replace what was assumed", "[sweep]") {
  const Scratch folder;
  Plan plan = plan_of(folder);
  finish(plan.jobs[0], 10);
  Estimate estimate(plan, 2);
  CHECK_THAT(estimate.source(), Catch::StartsWith("from "));
  CHECK(estimate.seconds(plan.jobs[1]) == Approx(10));
  CHECK(estimate.seconds(plan.jobs[2]) == Approx(40));
  CHECK(estimate.seconds_left() == Approx((10 + 40 + 40) / 2.0));
  finish(plan.jobs[2], 60);  // slower: 70 seconds for 5 epochs in all
  estimate.learn(plan.jobs[2]);
  CHECK(estimate.seconds(plan.jobs[1]) == Approx(14));
  CHECK(estimate.seconds_left() == Approx((14 + 56) / 2.0));
  // Failed runs are not run again by themselves; interrupted ones are.
  plan.jobs[1].state = State::failed;
  CHECK(estimate.seconds_left() == Approx(56 / 2.0));
  plan.jobs[1].state = State::interrupted;
  CHECK(estimate.seconds_left() == Approx((14 + 56) / 2.0));
}

TEST_CASE("a record that cannot be read teaches nothing", "[sweep]") {
  const Scratch folder;
  Plan plan = plan_of(folder);
  plan.jobs[0].state = State::completed;
  CHECK_THAT(Estimate(plan, 1).source(), Catch::StartsWith("a guess"));
  make_folder(plan.jobs[0].folder);
  replace_file(plan.jobs[0].folder / "run.h5", "not HDF5");
  CHECK_THAT(Estimate(plan, 1).source(), Catch::StartsWith("a guess"));
}
