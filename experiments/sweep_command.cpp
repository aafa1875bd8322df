#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "analysis/selection.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "experiments/interrupt.hpp"
#include "experiments/shared_options.hpp"
#include "experiments/sweep_display.hpp"
#include "record/status.hpp"
#include "store/shown.hpp"
#include "sweep/estimate.hpp"
#include "sweep/execute.hpp"
#include "sweep/memory.hpp"
#include "sweep/slurm.hpp"
#include "train/rerun.hpp"
#include "train/run_lock.hpp"
#include "train/torch_info.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

struct SweepOptions {
  std::string sweep, profile, runs;
  std::vector<std::string> words;
  DataPathOptions data;
  std::string name, memory, executor = "local", device = "cpu", select;
  std::vector<std::string> slurm;
  int jobs = 1, retries = 0;
  double stale_after = 60;
  bool dry_run = false, fail_fast = false, extend = false, jobs_given = false;
  bool no_graph = false, rerun = false;
};

void print_plan(const sweep::Plan& plan, const sweep::Estimate& estimate, bool every_job) {
  fmt::print("sweep {} ({}): {} runs, {} done, {} to do, about {} ({})\n", plan.name,
             plan.profile.title, plan.jobs.size(), count_done(plan),
             plan.jobs.size() - count_done(plan), duration_text(estimate.seconds_left()),
             estimate.source());
  for (const auto& note : plan.notes) fmt::print("note: {}\n", note);
  for (const auto& note : sweep::equal_quantizers(plan.jobs)) fmt::print("note: {}\n", note);
  for (const auto& job : plan.jobs) {
    if (every_job)
      fmt::print("  {:<12} {}  {}\n", record::state_name(job.state), sweep::job_name(job),
                 job.folder.string());
  }
  std::fflush(stdout);
}

/// More threads than cores are told, as they take longer.
void print_threads(const sweep::Plan& plan, int jobs) {
  const auto left = static_cast<int>(plan.jobs.size() - count_done(plan));
  const int side_by_side = std::min(jobs, left), threads = side_by_side * threads_for(jobs);
  if (threads <= available_cores()) return;
  fmt::print(
      "note: {} threads ({} runs side by side) take longer than one for each of the {} cores that "
      "may be used here; choose fewer with --jobs or OMP_NUM_THREADS\n",
      threads, side_by_side, available_cores());
}

/// Options for every run; with absolute paths, as a batch system may start it elsewhere.
std::vector<std::string> run_arguments(const SweepOptions& options) {
  const data::DataPaths paths = options.data.paths();
  std::vector<std::string> words{"--data-dir", fs::absolute(paths.data_dir).string(), "--device",
                                 options.device};
  if (options.no_graph) words.emplace_back("--no-graph");
  if (!paths.mirror) return words;
  const std::string mirror =
      data::is_url(*paths.mirror) ? *paths.mirror : fs::absolute(*paths.mirror).string();
  words.insert(words.end(), {"--mirror", mirror});
  return words;
}

sweep::ExecuteOptions execute_options(const SweepOptions& options, const Context& context) {
  sweep::ExecuteOptions execute;
  execute.jobs = options.jobs;
  execute.fail_fast = options.fail_fast;
  execute.retries = options.retries;
  execute.stale_seconds = options.stale_after;
  if (!options.memory.empty()) execute.memory_mib = sweep::memory_size(options.memory);
  execute.program = own_program(context);
  execute.arguments = run_arguments(options);
  execute.stop = interrupted;
  return execute;
}

/// Options of sbatch from the words of the command line.
sweep::Pairs slurm_pairs(const std::vector<std::string>& words) {
  sweep::Pairs pairs;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      throw usage_error({.what = "is not an option of sbatch",
                         .where = "--slurm-option",
                         .found = "'" + word + "'",
                         .expected = "key=value, for example partition=long"});
    }
    pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return pairs;
}

void give_to_slurm(const sweep::Plan& plan, const SweepOptions& options, const Context& context) {
  const sweep::SlurmRequest request{.options = slurm_pairs(options.slurm),
                                    .at_once = options.jobs_given ? options.jobs : 0,
                                    .retries = options.retries,
                                    .stale_seconds = options.stale_after,
                                    .program = own_program(context),
                                    .arguments = run_arguments(options)};
  const sweep::Submission submission = sweep::submit(plan, request);
  if (submission.in_queue > 0) fmt::print("{} runs are with Slurm already\n", submission.in_queue);
  for (const auto& array : submission.arrays)
    fmt::print("submitted job {}: {} runs\n", array.job_id, array.runs.size());
  fmt::print("their state: laq status {}\n", plan.runs.string());
}

void work(sweep::Plan& plan, sweep::Estimate& estimate, const SweepOptions& options,
          const Context& context) {
  SweepDisplay display(plan, estimate);
  sweep::Observer observer = display.observer();
  sweep::ExecuteOptions execute = execute_options(options, context);
  std::optional<sweep::MemoryEstimate> memory;
  if (execute.memory_mib > 0) {
    memory.emplace(plan);
    execute.memory_of = [&](const sweep::Job& job) { return memory->mib(job); };
    observer.ended = [&, tell = observer.ended](const sweep::Job& job) {
      if (job.done()) memory->learn(job);
      tell(job);
    };
  }
  watch_signals();
  set_waiting_policy();
  sweep::execute(plan, execute, observer);
}

/// The tables of everything that was run under this name, of which `plan` may be a part.
void report(const sweep::Plan& plan, const SweepOptions& options, Context& context) {
  store::Store store;
  store::Wanted wanted{.what = options.sweep,
                       .profile = options.profile,
                       .name = options.name,
                       .runs = options.runs,
                       .data = options.data.paths()};
  for (auto& whole : store::shown(context.configs, wanted, store)) {
    if (whole.label != plan.label) continue;
    for (auto& job : whole.jobs) {
      // A run that could not even write its status is known here alone.
      const auto same = std::find_if(plan.jobs.begin(), plan.jobs.end(),
                                     [&](const auto& one) { return one.folder == job.folder; });
      if (same == plan.jobs.end()) continue;
      job.state = same->state;
      job.reason = same->reason;
    }
    whole.results = plan.results;
    fmt::print("\n{}\ntables: {}/table.{{md,tex,csv,json}}\n",
               write_tables(whole, store, context.configs, !options.select.empty()),
               plan.results.string());
  }
  if (interrupted()) {
    fmt::print("stopped; the same command goes on where it was\n");
    context.exit_code = kInterruptedExit;
  } else if (count_done(plan) < plan.jobs.size()) {
    std::cerr << fmt::format(
        "laq: {} of {} runs are not completed; the same command tries them again\n",
        plan.jobs.size() - count_done(plan), plan.jobs.size());
    context.exit_code = 1;
  }
  std::vector<std::string> useless;
  for (const auto& job : plan.jobs) {
    if (job.done() && !store.of(job).record) useless.push_back(job.folder.string());
  }
  if (useless.empty()) return;
  std::cerr << fmt::format(
      "laq: the records of {} finished runs are of no use ({}); remove these folders, and the same "
      "command makes the runs anew\n",
      useless.size(), join_few(useless, 3));
  context.exit_code = std::max(context.exit_code, 1);
}

/// How the plan differs from what was started in its folder, for a look at it.
void print_difference(const sweep::Plan& plan) {
  const auto frozen = sweep::read_frozen_plan(sweep::sweep_folder(plan) / "plan.json");
  if (!frozen || frozen->fallbacks_taken != plan.fallbacks_taken) return;
  const sweep::Difference differs = sweep::difference(*frozen, plan);
  if (!differs.none())
    fmt::print("note: not the sweep that was started here on {}: {}\n", frozen->created,
               differs.text());
}

/// Finished runs of other code of their methods than today's.
struct OtherCode {
  std::size_t kept = 0, made_anew = 0, without_data = 0;

  /// Counts a run. With `rerun` it is set aside, to be made anew, unless its data is not at hand.
  void look_at(sweep::Job& job, const sweep::Plan& plan, bool rerun) {
    if (!job.done() || !train::of_other_code(job.method_source, job.run.quantizer.source)) return;
    const bool absent = plan.absent.contains(job.run.request.experiment);
    ++(!rerun ? kept : absent ? without_data : made_anew);
    if (!rerun || absent) return;
    const train::RunLock lock(job.folder);
    if (lock.taken()) return;
    sweep::refresh(job);  // another sweep may have set it aside since it was looked at
    if (!job.done()) return;
    train::set_aside(job.folder);
    sweep::refresh(job);
  }

  void tell(sweep::Plan& plan) const {
    const auto add = [&](std::size_t count, const char* what) {
      if (count > 0)
        plan.notes.push_back(fmt::format(
            "{} finished runs are of other code of their methods than today's; {}", count, what));
    };
    add(kept, "--rerun makes them anew");
    add(made_anew, "they are made anew");
    add(without_data, "they are kept, as their data is not at hand");
  }
};

// What is written wrongly is refused before anything is done.
void check(const SweepOptions& options) {
  if (!options.memory.empty()) sweep::memory_size(options.memory);
  slurm_pairs(options.slurm);
  if (options.executor == "local") train::device_named(options.device);  // a node may have another
}

/// Where settings are tuned by one seed: leaves in the plan what is to be run now. False: more
/// follows when that is done.
bool choose(sweep::Plan& plan) {
  const analysis::Tuning tuning = analysis::tune(plan);
  std::vector<sweep::Job> jobs;
  for (const auto at : tuning.jobs) jobs.push_back(plan.jobs[at]);
  plan.jobs = std::move(jobs);
  if (!tuning.chosen)
    plan.notes.emplace_back(
        "the first seed of every setting; then the other seeds of those with the best validation "
        "score");
  plan.notes.insert(plan.notes.end(), tuning.sentences.begin(), tuning.sentences.end());
  return tuning.chosen;
}

void go(const SweepOptions& options, Context& context) {
  check(options);
  sweep::PlanRequest request{.sweep = options.sweep,
                             .profile = options.profile,
                             .name = options.name,
                             .words = options.words,
                             .runs = options.runs,
                             .data = options.data.paths()};
  sweep::Plan plan = sweep::make_plan(context.configs, request);
  const bool selects = !options.select.empty();
  if (selects) analysis::require_settings(plan);
  if (options.dry_run) {
    const sweep::Plan whole = plan;
    if (selects) choose(plan);
    print_plan(plan, sweep::Estimate(plan, options.jobs), true);
    return print_difference(whole);
  }
  const std::string added = sweep::settle_identity(plan, options.extend);
  if (!added.empty()) plan.notes.push_back("added to the sweep: " + added);
  OtherCode other;
  if (selects && options.rerun) {  // a choice is made by scores of today's code
    for (const auto at : analysis::first_seeds(plan)) other.look_at(plan.jobs[at], plan, true);
  }
  bool more = selects && !choose(plan);
  while (true) {
    for (auto& job : plan.jobs) other.look_at(job, plan, options.rerun);
    other.tell(plan);
    other = {};
    sweep::Estimate estimate(plan, options.jobs);
    print_plan(plan, estimate, false);
    if (options.executor == "slurm") return give_to_slurm(plan, options, context);
    print_threads(plan, options.jobs);
    std::fflush(stdout);
    work(plan, estimate, options, context);
    if (!more || interrupted() || !std::ranges::all_of(plan.jobs, &sweep::Job::has_outcome)) break;
    plan = sweep::make_plan(context.configs, request);
    more = !choose(plan);
  }
  report(plan, options, context);
}

}  // namespace

std::vector<std::string> own_program(const Context& context) {
  return {fs::read_symlink("/proc/self/exe").string(), "--configs",
          fs::absolute(context.configs).string()};
}

void add_sweep_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* command =
      app.add_subcommand("sweep", "Run everything of a sweep that is not completed");
  command->add_option("SWEEP", options->sweep, "Name below configs/sweeps, or a YAML file")
      ->required();
  command->add_option(
      "WORDS", options->words,
      "Replace an axis or set a key: method=full,late seed=1,2 quantizer.bits=range(2,5)");
  command
      ->add_option("--jobs", options->jobs, "Runs side by side; the cores are divided among them")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_flag("--dry-run", options->dry_run, "Print the plan and do nothing");
  command->add_flag("--fail-fast", options->fail_fast, "Start nothing more after a run that fails");
  command->add_option("--profile", options->profile,
                      "quick, reduced, short or paper (otherwise the sweep's own)");
  command->add_option("--runs", options->runs, "Folder of runs (otherwise results/SWEEP/runs)");
  command->add_option("--device", options->device, "Where the runs compute: cpu, cuda, cuda:N")
      ->capture_default_str();
  command->add_flag("--no-graph", options->no_graph, "On a GPU: no CUDA graphs of the steps");
  command->add_flag("--rerun", options->rerun,
                    "Make finished runs anew whose method's code was changed since");
  command
      ->add_option("--select", options->select,
                   "valid: the first seed of every setting, then the other seeds of those with the "
                   "best validation score only")
      ->check(CLI::IsMember({"valid"}));
  command->add_option("--name", options->name, "Of the sweep, instead of its file's");
  command->add_flag("--extend", options->extend, "Add runs to a sweep that was started before");
  command->add_option("--retries", options->retries, "How often a run that failed is tried again")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command->add_option("--memory", options->memory,
                      "What the runs may take together, for example 8G (otherwise no limit)");
  command
      ->add_option("--executor", options->executor,
                   "local: here; slurm: as job arrays, --jobs tasks side by side")
      ->check(CLI::IsMember({"local", "slurm"}))
      ->capture_default_str();
  command
      ->add_option("--slurm-option", options->slurm,
                   "Option of sbatch, key=value, on top of the sweep's 'slurm'; can be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("--stale-after", options->stale_after,
                   "Seconds without a sign of life after which another sweep's run is taken over")
      ->check(number(1, 1e6))
      ->capture_default_str();
  options->data.add_to(*command);
  command->callback([options, command, &context] {
    options->jobs_given = command->count("--jobs") > 0;
    go(*options, context);
  });
}

}  // namespace laq
