#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "experiments/interrupt.hpp"
#include "experiments/shared_options.hpp"
#include "record/status.hpp"
#include "sweep/estimate.hpp"
#include "sweep/execute.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

struct SweepOptions {
  std::string sweep, profile, runs;
  std::vector<std::string> words;
  DataPathOptions data;
  int jobs = 1;
  bool dry_run = false, fail_fast = false;
};

std::string job_name(const sweep::Job& job) {
  std::string name = job.run.request.experiment + " " + job.run.request.method;
  for (const auto& [key, value] : job.point) name += " " + key + "=" + value;
  return name + fmt::format(" seed {}", job.run.request.seed);
}

std::size_t count_done(const sweep::Plan& plan) {
  return static_cast<std::size_t>(std::count_if(plan.jobs.begin(), plan.jobs.end(),
                                                [](const auto& job) { return job.done(); }));
}

void print_plan(const sweep::Plan& plan, const sweep::Estimate& estimate, bool every_job) {
  fmt::print("sweep {} ({}): {} runs, {} done, {} to do, about {} ({})\n", plan.name,
             plan.profile.title, plan.jobs.size(), count_done(plan),
             plan.jobs.size() - count_done(plan), duration_text(estimate.seconds_left()),
             estimate.measured() ? "from runs measured here" : "a first guess");
  for (const auto& note : plan.notes) fmt::print("note: {}\n", note);
  for (const auto& job : plan.jobs) {
    if (every_job)
      fmt::print("  {:<12} {}  {}\n", record::state_name(job.state), job_name(job),
                 job.folder.string());
  }
  std::fflush(stdout);
}

/// Plain lines when a run starts and ends; on a terminal also one that shows what is under way.
class Display {
 public:
  Display(const sweep::Plan& plan, sweep::Estimate& estimate)
      : plan_(plan), estimate_(estimate), live_(::isatty(STDOUT_FILENO) == 1) {}

  void started(const sweep::Job& job) { say(fmt::format("start  {}", job_name(job))); }

  void ended(const sweep::Job& job) {
    if (job.done()) estimate_.learn(job);
    const std::string state = job.done()                           ? "done"
                              : job.state == record::State::queued ? "missing"
                                                                   : record::state_name(job.state);
    std::string line = fmt::format("{:<6} {}", state, job_name(job));
    if (!job.reason.empty()) line += ": " + job.reason;
    const double left = estimate_.seconds_left();
    say(line + fmt::format("  [{}/{}, {} left]", count_done(plan_), plan_.jobs.size(),
                           duration_text(left)));
  }

  void waiting(const std::vector<const sweep::Job*>& running) {
    if (!live_ || ++ticks_ % 5 != 0) return;
    std::string line;
    for (const auto* job : running) {
      double progress = 0;
      try {
        if (const auto status = record::read_status(job->folder / "status.json"))
          progress = status->progress;
      } catch (const Error&) {
        // shown again when the run ends
      }
      line += fmt::format("{} {:.0f} %   ", job->run.request.method, 100 * progress);
    }
    fmt::print("\r\x1b[K{}", line);
    std::fflush(stdout);
  }

 private:
  void say(const std::string& line) {
    fmt::print("{}{}\n", live_ ? "\r\x1b[K" : "", line);
    std::fflush(stdout);
  }

  const sweep::Plan& plan_;
  sweep::Estimate& estimate_;
  bool live_;
  int ticks_ = 0;
};

sweep::ExecuteOptions execute_options(const SweepOptions& options, const Context& context) {
  sweep::ExecuteOptions execute;
  execute.jobs = options.jobs;
  execute.fail_fast = options.fail_fast;
  execute.program = {fs::read_symlink("/proc/self/exe").string(), "--configs",
                     context.configs.string()};
  const data::DataPaths paths = options.data.paths();
  execute.arguments = {"--data-dir", paths.data_dir.string()};
  if (paths.mirror) execute.arguments.insert(execute.arguments.end(), {"--mirror", *paths.mirror});
  execute.stop = interrupted;
  return execute;
}

void go(const SweepOptions& options, Context& context) {
  sweep::PlanRequest request{options.sweep, options.profile, options.words, options.runs,
                             options.data.paths()};
  sweep::Plan plan = sweep::make_plan(context.configs, request);
  sweep::Estimate estimate(plan, options.jobs);
  print_plan(plan, estimate, options.dry_run);
  if (options.dry_run) return;
  make_folder(plan.runs);

  Display display(plan, estimate);
  sweep::Observer observer;
  observer.started = [&](const sweep::Job& job) { display.started(job); };
  observer.ended = [&](const sweep::Job& job) { display.ended(job); };
  observer.waiting = [&](const auto& running) { display.waiting(running); };
  watch_signals();
  set_waiting_policy();
  sweep::execute(plan, execute_options(options, context), observer);

  if (options.runs.empty()) {
    const fs::path folder = plan.runs.parent_path();
    write_tables(plan, context.configs, folder);
    fmt::print("\n{}\ntables: {}/table.{{md,tex,csv,json}}\n", read_file(folder / "table.md"),
               folder.string());
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
}

}  // namespace

void add_sweep_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* command =
      app.add_subcommand("sweep", "Run everything of a sweep that is not completed");
  command->add_option("SWEEP", options->sweep, "Name below configs/sweeps, or a YAML file")
      ->required();
  command->add_option(
      "AXIS=VALUES", options->words,
      "Replace an axis or set a key: method=full,late seed=1,2 quantizer.bits=range(2,5)");
  command
      ->add_option("--jobs", options->jobs, "Runs side by side; the cores are divided among them")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_flag("--dry-run", options->dry_run, "Print the plan and do nothing");
  command->add_flag("--fail-fast", options->fail_fast, "Start nothing more after a run that fails");
  command->add_option("--profile", options->profile,
                      "quick, short or paper (otherwise the sweep's own)");
  command->add_option("--runs", options->runs, "Folder of runs (otherwise results/SWEEP/runs)");
  options->data.add_to(*command);
  command->callback([options, &context] { go(*options, context); });
}

}  // namespace laq
