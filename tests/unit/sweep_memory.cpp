#include "record/run_record.hpp"
#include "support/scratch.hpp"
#include "sweep/memory.hpp"

using namespace laq;
using namespace laq::sweep;
using namespace laq::test;

namespace {

Plan plan_of(const Scratch& folder, const std::string& yaml) {
  PlanRequest request;
  request.sweep = folder.write("trial.yaml", "profile: quick\n" + yaml).string();
  request.runs = folder / "runs";
  return make_plan(project_configs(), request);
}

void finish(Job& job, double peak) {
  record::RunRecord run;
  run.provenance = record::system_provenance();
  run.provenance.seed = job.run.request.seed;
  run.history.final_values["peak_rss_mb"] = peak;
  make_folder(job.folder);
  record::write_run_record(job.folder / "run.h5", run.provenance, run.history);
  job.state = record::State::completed;
}

}  // namespace

TEST_CASE("sizes of memory", "[sweep]") {
  CHECK(memory_size("8G") == 8192);
  CHECK(memory_size("1.5GiB") == 1536);
  CHECK(memory_size("500M") == 500);
  CHECK(memory_size("500 MB") == 500);
  CHECK(memory_size("700") == 700);
  CHECK(memory_size("2048k") == 2);
  CHECK(memory_size("1T") == 1024 * 1024);
  for (const char* wrong : {"", "much", "-1G", "0", "8X", "8GX", "nan", "inf"}) {
    INFO(wrong);
    CHECK_THAT(usage_message([&] { memory_size(wrong); }), Contains("--memory"));
  }
}

TEST_CASE("an estimate of memory grows with the network, the batch and the data", "[sweep]") {
  const Scratch folder;
  const std::string head = "methods: [late]\nexperiments: [mnist]\n";
  const Plan plan = plan_of(folder, head + "grid: {model.hidden: [[64], [2048, 2048]]}\n");
  const MemoryEstimate memory(plan);
  CHECK(memory.mib(plan.jobs[1]) > memory.mib(plan.jobs[0]) + 4.2 * 4 * 5);  // w, ŵ, g and moments
  const Plan batches = plan_of(folder, head + "grid: {train.batch: [10, 5000]}\n");
  CHECK(memory.mib(batches.jobs[1]) > memory.mib(batches.jobs[0]) + 20);
  const Plan data = plan_of(folder, "methods: [late]\nexperiments: [cifar10]\n");
  CHECK(memory.mib(data.jobs[0]) > 60000 * 3072.0 / (1 << 20) + 250);
}

TEST_CASE("a measured peak replaces the estimate for runs of the kind", "[sweep]") {
  const Scratch folder;
  Plan plan = plan_of(folder,
                      "methods: [late]\nexperiments: [mnist]\nseeds: [1, 2, 3]\n"
                      "grid: {model.hidden: [[64], [128]]}\n");
  finish(plan.jobs[0], 1000);
  MemoryEstimate memory(plan);
  CHECK(memory.measured(plan.jobs[1]));
  CHECK(memory.mib(plan.jobs[1]) == Approx(1100));
  CHECK_FALSE(memory.measured(plan.jobs[3]));
  CHECK(memory.mib(plan.jobs[3]) < 1000);
  finish(plan.jobs[1], 2000);
  memory.learn(plan.jobs[1]);
  CHECK(memory.mib(plan.jobs[2]) == Approx(2200));  // the largest counts
}
