#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sweep/frozen_plan.hpp"

namespace laq::sweep {

/// How a sweep is given to Slurm.
struct SlurmRequest {
  /// Options of sbatch, by their long names ("partition", "time"), on top of the sweep's own.
  Pairs options;
  int at_once = 0;  ///< tasks side by side (`--array=…%N`); 0: as many as the site allows
  int retries = 0;  ///< how often a task tries again what failed
  double stale_seconds = 60;
  std::vector<std::string> program;    ///< this program and the options before its command
  std::vector<std::string> arguments;  ///< options for every run
};

/// One array: what its tasks run, kept as JSON beside its script. Task i is `runs[i]`.
struct SlurmArray {
  std::string job_id;  ///< "" until sbatch has answered
  std::string sweep;
  std::string runs_folder;
  int retries = 0;
  double stale_seconds = 60;
  std::vector<std::string> arguments;
  std::vector<FrozenRun> runs;
};

/// Options as sbatch is to have them: the sweep's, the caller's on top, and defaults for
/// `cpus-per-task` (1) and `signal` (B:USR1@120: a checkpoint two minutes before the time limit).
/// Error (usage): one that this program sets itself, or that is no word.
Pairs slurm_options(const Plan& plan, const SlurmRequest& request);

/// The batch script of an array of `tasks` tasks. `stem` is its path without .sh; `task_command`
/// what each task executes. Error (usage): a path that Slurm cannot be told.
std::string slurm_script(const std::string& job_name, const std::filesystem::path& stem,
                         std::size_t tasks, int at_once, const Pairs& options,
                         const std::vector<std::string>& task_command);

/// `words` for a POSIX shell.
std::string shell_quoted(const std::vector<std::string>& words);

/// What `submit` did.
struct Submission {
  std::vector<SlurmArray> arrays;
  std::size_t in_queue = 0;  ///< runs that an earlier submission still has with Slurm
};

/// Writes and submits job arrays with a task for every run that is neither completed nor with Slurm
/// already; several when they are more than the site's MaxArraySize. Where `at_once` limits them,
/// each array waits for the one before. Errors: Slurm cannot be asked, or refuses.
Submission submit(const Plan& plan, const SlurmRequest& request);

/// Errors: missing or broken.
SlurmArray read_slurm_array(const std::filesystem::path& file);

/// Every array that was submitted from a sweep's folder, oldest first.
std::vector<SlurmArray> submitted_arrays(const std::filesystem::path& sweep_folder);

/// This process's task: SLURM_ARRAY_TASK_ID. Error (usage): not set, or beyond the array.
std::size_t slurm_task(const SlurmArray& array);

/// Cores that Slurm gave this task: SLURM_CPUS_PER_TASK, otherwise 1.
int slurm_cores();

/// Puts this task back into Slurm's queue. Error: Slurm refuses.
void requeue_this_task();

}  // namespace laq::sweep
