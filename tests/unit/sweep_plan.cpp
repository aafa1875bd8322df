#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "record/provenance.hpp"
#include "support/scratch.hpp"
#include "sweep/plan.hpp"

using namespace laq;
using namespace laq::sweep;
using namespace laq::test;
using record::State;

namespace {

using Words = std::vector<std::string>;

/// A sweep file in a folder of its own.
struct Bench {
  Scratch folder;
  PlanRequest request;

  explicit Bench(const std::string& yaml) {
    request.sweep = folder.write("trial.yaml", yaml).string();
    request.runs = folder / "runs";
    request.data.data_dir = folder / "data";
  }
  Plan plan(Words words = {}) {
    request.words = std::move(words);
    return make_plan(project_configs(), request);
  }
  std::string refusal(const Words& words = {}) {
    return usage_message([&] { plan(words); });
  }
};

const std::string kSmall =
    "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late, twn]\nseeds: [1, 2, 3]\n";

/// method/point/seed of every job, in order.
Words jobs_of(const Plan& plan) {
  Words all;
  for (const auto& job : plan.jobs) {
    std::string text = job.run.request.experiment + "/" + job.run.request.method;
    for (const auto& [key, value] : job.point) text += "/" + key + "=" + value;
    all.push_back(text + "/" + std::to_string(job.run.request.seed));
  }
  return all;
}

}  // namespace

TEST_CASE("values of an axis word", "[sweep]") {
  CHECK(axis_values("late") == Words{"late"});
  CHECK(axis_values("full,twn,late") == Words{"full", "twn", "late"});
  CHECK(axis_values("range(2,5)") == Words{"2", "3", "4"});
  CHECK(axis_values("range(-1, 1)") == Words{"-1", "0"});
  CHECK(axis_values("[512,512],[8]") == Words{"[512,512]", "[8]"});
  CHECK(axis_values("{a: [1,2], b: 3},c") == Words{"{a: [1,2], b: 3}", "c"});
  CHECK(axis_values("range(1,3),7") == Words{"range(1", "3)", "7"});  // only alone
  CHECK(axis_values("") == Words{""});
  for (const char* wrong : {"range(3,3)", "range(5,2)", "range(0,1000000)"}) {
    CHECK_THAT(usage_message([&] { axis_values(wrong); }),
               Contains("an empty or too long range") && Contains(wrong));
  }
}

TEST_CASE("a sweep's overrides hold for all runs, the user's words after them", "[sweep]") {
  Bench bench(kSmall + "overrides: {train.epochs: 2, data.train_limit: 500}\n");
  for (const auto& job : bench.plan().jobs) {
    CHECK(job.run.train.epochs == 2);
    CHECK(job.run.limits.train == 500);
    CHECK(job.point.empty());
  }
  CHECK(bench.plan({"train.epochs=3"}).jobs[0].run.train.epochs == 3);
  CHECK_THAT(Bench(kSmall + "overrides: [train.epochs]\n").refusal(),
             Contains("'overrides' is not a map"));
  CHECK_THAT(Bench(kSmall + "overrides: {model.hidden: [3]}\n").refusal(),
             Contains("wrong value of 'overrides.model.hidden'") && Contains("expected one value"));
}

TEST_CASE("a sweep is experiments × methods × grid × seeds in this order", "[sweep]") {
  Bench bench(
      "experiments: [mnist, fashion_mnist]\nmethods: [lab, laq3_linear]\nprofile: quick\n"
      "grid: {quantizer.scaling: [symmetric, asymmetric], train.epochs: [1, 2]}\nseeds: [7, 8]\n");
  const Plan plan = bench.plan();
  REQUIRE(plan.jobs.size() == 2 * 2 * 4 * 2);
  const Words jobs = jobs_of(plan);
  CHECK(jobs[0] == "mnist/lab/quantizer.scaling=symmetric/train.epochs=1/7");
  CHECK(jobs[1] == "mnist/lab/quantizer.scaling=symmetric/train.epochs=1/8");
  CHECK(jobs[2] == "mnist/lab/quantizer.scaling=symmetric/train.epochs=2/7");
  CHECK(jobs[4] == "mnist/lab/quantizer.scaling=asymmetric/train.epochs=1/7");
  CHECK(jobs[8] == "mnist/laq3_linear/quantizer.scaling=symmetric/train.epochs=1/7");
  CHECK(jobs[16] == "fashion_mnist/lab/quantizer.scaling=symmetric/train.epochs=1/7");
  CHECK(plan.jobs[2].run.train.epochs == 2);
  CHECK(plan.jobs[4].run.quantizer.method->scale_count() == 2);
  std::set<std::filesystem::path> folders;
  for (const auto& job : plan.jobs) {
    folders.insert(job.folder);
    CHECK(job.folder == plan.runs / job.run.folder());
    CHECK(job.state == State::queued);
    CHECK_FALSE(job.done());
  }
  CHECK(folders.size() == plan.jobs.size());
  CHECK(plan.name == "trial");
  CHECK(plan.title == "trial");
  CHECK(plan.paper_table.empty());
  CHECK(plan.experiments == Words{"mnist", "fashion_mnist"});
  CHECK(plan.profile.name == "quick");
}

TEST_CASE("words replace an axis, add one or set a key for all runs", "[sweep]") {
  Bench bench(kSmall);
  CHECK(jobs_of(bench.plan()) == Words{"mnist/late/1", "mnist/late/2", "mnist/late/3",
                                       "mnist/twn/1", "mnist/twn/2", "mnist/twn/3"});
  CHECK(jobs_of(bench.plan({"method=lab", "seed=4,5"})) == Words{"mnist/lab/4", "mnist/lab/5"});
  CHECK(jobs_of(bench.plan({"experiment=fashion_mnist", "method=lab", "seed=range(0,2)"})) ==
        Words{"fashion_mnist/lab/0", "fashion_mnist/lab/1"});
  const Plan added = bench.plan({"method=laq3_log", "seed=1", "quantizer.bits=range(2,5)"});
  CHECK(jobs_of(added) == Words{"mnist/laq3_log/quantizer.bits=2/1",
                                "mnist/laq3_log/quantizer.bits=3/1",
                                "mnist/laq3_log/quantizer.bits=4/1"});
  CHECK(added.grid.size() == 1);
  const Plan set = bench.plan({"train.epochs=2", "model.hidden=[8, 8]"});
  CHECK(set.jobs.size() == 6);
  CHECK(set.grid.empty());
  for (const auto& job : set.jobs) {
    CHECK(job.run.train.epochs == 2);
    CHECK(job.run.canonical["model"]["hidden"].dump() == "[8,8]");
  }
}

TEST_CASE("a word replaces the values of a grid axis", "[sweep]") {
  Bench bench("experiments: [mnist]\nmethods: [laq3_log]\ngrid: {quantizer.bits: [2, 3]}\n");
  CHECK(bench.plan().jobs.size() == 2);
  CHECK(jobs_of(bench.plan({"quantizer.bits=5"})) == Words{"mnist/laq3_log/quantizer.bits=5/1"});
  CHECK(bench.plan({"quantizer.bits=4,5,6", "quantizer.solver=exact,alternating"}).jobs.size() ==
        6);
}

TEST_CASE("values that are lists, in a file and in a word", "[sweep]") {
  Bench bench("experiments: [mnist]\nmethods: [late]\ngrid: {model.hidden: [[8, 4], [16]]}\n");
  const auto hidden = [](const Plan& plan, std::size_t job) {
    return plan.jobs.at(job).run.canonical["model"]["hidden"].dump();
  };
  const Plan plan = bench.plan();
  REQUIRE(plan.jobs.size() == 2);
  CHECK(hidden(plan, 0) == "[8,4]");
  CHECK(hidden(plan, 1) == "[16]");
  const Plan words = bench.plan({"model.hidden=[32,16],[64]"});
  REQUIRE(words.jobs.size() == 2);
  CHECK(hidden(words, 0) == "[32,16]");
  CHECK(hidden(words, 1) == "[64]");
  // A range as the file's value of an axis.
  Bench seeds("experiments: [mnist]\nmethods: [laq3_log]\ngrid: {quantizer.bits: 'range(2,4)'}\n");
  CHECK(seeds.plan().jobs.size() == 2);
}

TEST_CASE("the runs folder is named after the sweep and a profile of the user's", "[sweep]") {
  Bench bench(kSmall);
  bench.request.runs.clear();
  CHECK(bench.plan().runs == "results/trial/runs");
  bench.request.profile = "quick";
  CHECK(bench.plan().runs == "results/trial/runs");
  bench.request.profile = "paper";
  const Plan plan = bench.plan();
  CHECK(plan.runs == "results/trial-paper/runs");
  CHECK(plan.profile.paper_protocol);
  CHECK(plan.jobs[0].run.train.epochs == 50);
}

TEST_CASE("the project's own sweeps can be expanded", "[sweep]") {
  const auto count = [](const std::string& name) {
    PlanRequest request;
    request.sweep = name;
    request.runs = "/nonexistent";
    request.data.data_dir = "/nonexistent";
    return make_plan(project_configs(), request).jobs.size();
  };
  CHECK(count("table1") == 4 * 15 * 3);
  CHECK(count("width") == 4 * 4);
  CHECK(count("cifar10_jpeg") == 6);
  CHECK(count("quick") == 15);
  CHECK(count("table2") == 3 * 20 * 3);
  CHECK(count("steps") == 4 * 5 * 3);
  CHECK(count("bits") == 2 * 3 * 2 * 2);
}

TEST_CASE("a sweep is checked", "[sweep]") {
  Bench bench(kSmall);
  CHECK_THAT(bench.refusal({"method=lat"}), Contains("unknown method 'lat'"));
  CHECK_THAT(bench.refusal({"seed=one"}), Contains("wrong seed") && Contains("'one'"));
  CHECK_THAT(bench.refusal({"seed=-1"}), Contains("wrong seed"));
  CHECK_THAT(bench.refusal({"seed=1.5"}), Contains("wrong seed"));
  CHECK_THAT(bench.refusal({"seed=9223372036854775808"}),
             Contains("whole numbers from 0 to 9223372036854775807"));
  CHECK_THAT(bench.refusal({"epochs"}), Contains("is not an override"));
  CHECK_THAT(bench.refusal({"method=lab", "quantizer.bits=2,3"}),
             Contains("command line (quantizer.bits)") && Contains("has no meaning"));
  CHECK_THAT(Bench("experiments: [mnist]\n").refusal(), Contains("'methods' is missing"));
  CHECK_THAT(Bench(kSmall + "sedes: [1]\n").refusal(), Contains("did you mean 'seeds'?"));
  CHECK_THAT(Bench(kSmall + "grid: 5\n").refusal(), Contains("trial.yaml:6: 'grid' is not a map"));
  CHECK_THAT(Bench(kSmall + "grid: {train.epochs: []}\n").refusal(),
             Contains("wrong value of 'grid.train.epochs': found an empty list"));
  CHECK_THAT(Bench(kSmall + "grid: {train.epochs: [1, {a: 2}]}\n").refusal(),
             Contains("wrong value of 'grid.train.epochs[1]': found a map"));
  CHECK_THAT(Bench("experiments: [mnist]\nmethods: []\n").refusal(),
             Contains("trial.yaml:2: 'methods' names nothing to run: found an empty list"));
  CHECK_THAT(Bench("experiments: []\nmethods: [full]\n").refusal(),
             Contains("trial.yaml:1: 'experiments' names nothing to run"));
  CHECK_THAT(
      Bench(kSmall + "columns: {mnits: k}\n").refusal(),
      Contains("'mnits', which the sweep does not run") && Contains("did you mean 'mnist'?"));
  CHECK_THAT(Bench(kSmall + "grid: {train.epochs: [1]}\ncolumns: {train.epochs=2: k}\n").refusal(),
             Contains("'train.epochs=2', which the sweep does not run"));
  CHECK_THAT(Bench(kSmall + "fallbacks: [mnist]\n").refusal(),
             Contains("'fallbacks' is not a map"));
  bench.request.sweep = "quik";
  CHECK_THAT(bench.refusal(),
             Contains("unknown sweep 'quik'") && Contains("did you mean 'quick'?"));
}

TEST_CASE("a run that a sweep has twice is named, however it is written", "[sweep]") {
  Bench bench(kSmall);
  CHECK_THAT(bench.refusal({"method=late", "seed=1", "train.learning_rate=0.01,1e-2,0.02"}),
             Contains("sweep trial: the sweep has 1 run twice: mnist late "
                      "train.learning_rate=0.01 seed 1 and mnist late train.learning_rate=1e-2 "
                      "seed 1; keep one of the values"));
  CHECK_THAT(bench.refusal({"method=late,late", "seed=1"}),
             Contains("1 run twice: mnist late seed 1;"));
  CHECK_THAT(bench.refusal({"method=late", "seed=1,2,01"}), Contains("1 run twice"));
  CHECK_THAT(bench.refusal({"experiment=mnist,mnist"}),
             Contains("6 runs twice: mnist late seed 1"));
  // Two methods that an override makes one.
  CHECK_THAT(bench.refusal({"method=late,lata", "seed=1", "quantizer.solver=exact"}),
             Contains("mnist late seed 1 and mnist lata seed 1"));
  const std::string grid =
      "experiments: [mnist]\nmethods: [late]\ngrid: {model.hidden: [[8, 4], "
      "'[8,4]']}\n";
  CHECK_THAT(Bench(grid).refusal(), Contains("1 run twice"));
  CHECK(Bench(grid + "exclude: {model.hidden: '[8,4]'}\n").plan().jobs.size() == 1);
  CHECK_THAT(Bench("experiments: [mnist]\nmethods: [late]\n"
                   "zip: {train.epochs: [2, 2], train.batch: [50, 5e1]}\n")
                 .refusal(),
             Contains("wrong value of 'train.batch'"));
  CHECK_THAT(Bench("experiments: [mnist]\nmethods: [late]\n"
                   "zip: {train.epochs: [2, +2], train.learning_rate: [0.1, 1e-1]}\n")
                 .refusal(),
             Contains("1 run twice"));
}

TEST_CASE("what is recorded needs no data, and a fallback only takes the rest", "[sweep]") {
  Bench bench(
      "profile: quick\nexperiments: [mnist]\nmethods: [full, late, twn]\nseeds: [1, 2]\n"
      "fallbacks: {mnist: fashion_mnist}\nexclude: {method: twn, seed: 2}\n");
  for (const auto& file : data::load_dataset(project_configs(), "fashion_mnist").files)
    bench.folder.write("data/fashion_mnist/" + file.name, "x");
  CHECK(jobs_of(bench.plan()) == Words{"fashion_mnist/full/1", "fashion_mnist/full/2",
                                       "fashion_mnist/late/1", "fashion_mnist/late/2",
                                       "fashion_mnist/twn/1"});
  // The runs of MNIST, as a plan without fallbacks has them.
  Bench own(
      "profile: quick\nexperiments: [mnist]\nmethods: [full, late, twn]\nseeds: [1, 2]\n"
      "exclude: {method: twn, seed: 2}\n");
  own.request.runs = bench.request.runs;
  const Plan mnist = own.plan();
  const auto leave = [&](std::size_t job, State state) {
    make_folder(mnist.jobs[job].folder);
    record::write_status(mnist.jobs[job].folder / "status.json", record::own_status(state));
  };
  leave(0, State::completed);
  leave(1, State::diverged);
  leave(2, State::failed);
  const Plan some = bench.plan();
  CHECK(jobs_of(some) == Words{"mnist/full/1", "mnist/full/2", "fashion_mnist/late/1",
                               "fashion_mnist/late/2", "fashion_mnist/twn/1"});
  CHECK(some.experiments == Words{"mnist", "fashion_mnist"});
  CHECK(some.fallbacks_taken == Pairs{{"mnist", "fashion_mnist"}});
  CHECK_THAT(some.notes.at(0), Contains("where nothing is recorded (3 of 5 runs)"));

  for (std::size_t job = 2; job < 5; ++job) leave(job, State::completed);
  const Plan all = bench.plan();
  CHECK(jobs_of(all) == jobs_of(mnist));
  CHECK(all.experiments == Words{"mnist"});
  CHECK(all.fallbacks_taken.empty());
  CHECK(all.notes.size() == 1);  // what is excluded
}

TEST_CASE("a copied run is failed, whatever its status says", "[sweep]") {
  Bench bench(kSmall);
  const Plan before = bench.plan();
  const Job& first = before.jobs[0];
  record::Provenance provenance = record::system_provenance();
  provenance.experiment = "mnist";
  provenance.method = "late";
  provenance.config_hash = first.run.hash;
  provenance.seed = 1;
  make_folder(first.folder);
  record::write_run_record(first.folder / "run.h5", provenance, {});
  record::write_status(first.folder / "status.json", record::own_status(State::completed));
  std::filesystem::copy(first.folder, before.jobs[1].folder);
  const Plan plan = bench.plan();
  CHECK(plan.jobs[0].done());
  CHECK(plan.jobs[1].state == State::failed);
  CHECK_THAT(plan.jobs[1].reason, Contains("found seed 1, expected seed 2"));
  CHECK(read_record(plan.jobs[0]).provenance.seed == 1);
  CHECK_THAT(message_of([&] { read_record(plan.jobs[1]); }), Contains("of another run"));
}

TEST_CASE("a fallback is taken only when its data is there and the first's is not", "[sweep]") {
  Bench bench(kSmall + "fallbacks: {mnist: fashion_mnist}\n");
  const auto put = [&](const std::string& name) {
    for (const auto& file : data::load_dataset(project_configs(), name).files)
      bench.folder.write("data/" + name + "/" + file.name, "x");
  };
  // Debian's package may have Fashion-MNIST on this machine; without it nothing can be taken.
  const auto fashion = data::load_dataset(project_configs(), "fashion_mnist");
  const bool packaged = std::filesystem::exists(fashion.files[0].package_path);
  const Plan without = bench.plan();
  CHECK(without.experiments == Words{packaged ? "fashion_mnist" : "mnist"});

  put("fashion_mnist");
  const Plan taken = bench.plan();
  CHECK(taken.experiments == Words{"fashion_mnist"});
  CHECK(taken.jobs[0].run.dataset.name == "fashion_mnist");
  REQUIRE(taken.notes.size() == 1);
  CHECK_THAT(taken.notes[0], Contains("'mnist'") && Contains("'fashion_mnist'"));
  CHECK(bench.plan({"experiment=fashion_mnist"}).notes.empty());

  put("mnist");
  const Plan own = bench.plan();
  CHECK(own.experiments == Words{"mnist"});
  CHECK(own.notes.empty());
}

TEST_CASE("a job's state is read from its folder", "[sweep]") {
  Bench bench(kSmall);
  const auto folder = bench.plan().jobs[1].folder;
  make_folder(folder);
  const auto state = [&] { return bench.plan().jobs[1]; };
  CHECK(state().state == State::queued);
  for (const State wanted : {State::completed, State::failed, State::diverged, State::interrupted,
                             State::running, State::queued}) {
    record::Status status = record::own_status(wanted);
    status.reason = "because";
    record::write_status(folder / "status.json", status);
    INFO(record::state_name(wanted));
    CHECK(state().state == wanted);
    CHECK(state().done() == (wanted == State::completed));
    CHECK(state().reason == "because");
  }
  CHECK(bench.plan().jobs[0].state == State::queued);
  replace_file(folder / "status.json", "{ broken");
  CHECK(state().state == State::failed);
  CHECK_THAT(state().reason, Contains("status.json"));
}

TEST_CASE("a run whose process is gone was interrupted", "[sweep]") {
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  record::Status status = record::own_status(State::running);
  settle(status);
  CHECK(status.state == State::running);  // this process
  status.pid = gone;
  record::Status elsewhere = status;
  elsewhere.host = "another-machine";
  settle(elsewhere);
  CHECK(elsewhere.state == State::running);  // not ours to know
  record::Status done = status;
  done.state = State::completed;
  settle(done);
  CHECK(done.state == State::completed);
  settle(status);
  CHECK(status.state == State::interrupted);
  CHECK_FALSE(status.reason.empty());
}

TEST_CASE("a process that was given the number of a run's is not the run", "[sweep]") {
  const Scratch folder;
  const auto file = folder / "status.json";
  record::write_status(file, record::own_status(State::running));
  record::Status status = *record::read_status(file);
  settle(status);
  CHECK(status.state == State::running);
  status.heartbeat_seconds -= 203 * 3600;  // this process is younger
  settle(status);
  CHECK(status.state == State::interrupted);
}
