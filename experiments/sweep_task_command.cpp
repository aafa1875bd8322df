#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "core/error.hpp"
#include "core/machine.hpp"
#include "experiments/commands.hpp"
#include "experiments/interrupt.hpp"
#include "sweep/execute.hpp"
#include "sweep/slurm.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

/// The one run of this task, as it was when the sweep was submitted.
sweep::Plan plan_of(const sweep::SlurmArray& array, const sweep::FrozenRun& run,
                    const fs::path& configs) {
  sweep::Plan plan;
  plan.name = plan.label = array.sweep;
  plan.runs = array.runs_folder;
  train::RunRequest request{run.experiment, run.method, run.profile, run.seed, {}};
  for (const auto& word : run.overrides) request.overrides.push_back(config::parse_override(word));
  sweep::Job job{.run = train::resolve(configs, request), .point = run.point};
  if (job.run.hash != run.hash) {
    throw usage_error(
        {.what = fmt::format("the configuration of {} was changed after the sweep was "
                             "submitted",
                             run.name()),
         .advice = "change it back, or submit the sweep under another name"});
  }
  job.folder = plan.runs / run.folder;
  sweep::refresh(job);
  plan.profile = job.run.profile;
  plan.jobs.push_back(std::move(job));
  return plan;
}

void go(const fs::path& file, Context& context) {
  watch_signals();
  const sweep::SlurmArray array = sweep::read_slurm_array(file);
  sweep::Plan plan = plan_of(array, array.runs[sweep::slurm_task(array)], context.configs);
  sweep::ExecuteOptions options;
  options.threads = sweep::slurm_cores();
  options.retries = array.retries;
  options.stale_seconds = array.stale_seconds;
  options.program = own_program(context);
  options.arguments = array.arguments;
  options.stop = interrupted;
  set_waiting_policy();
  sweep::execute(plan, options, {});
  const sweep::Job& job = plan.jobs.front();
  std::cout << fmt::format("{} {}{}{}\n", record::state_name(job.state), sweep::job_name(job),
                           job.reason.empty() ? "" : ": ", job.reason)
            << std::flush;
  if (job.done()) return;
  context.exit_code = interrupted() ? kInterruptedExit : 1;
  if (interrupted()) sweep::requeue_this_task();
}

}  // namespace

void add_sweep_task_command(CLI::App& app, Context& context) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("sweep-task", "One task of a sweep's job array in Slurm");
  command->group("");  // for the batch scripts, not for people
  command->add_option("ARRAY", *file, "The array's tasks")->required();
  command->callback([file, &context] { go(*file, context); });
}

}  // namespace laq
