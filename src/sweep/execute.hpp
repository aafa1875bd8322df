#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sweep/plan.hpp"

namespace laq::sweep {

struct ExecuteOptions {
  int jobs = 1;            ///< processes side by side; the cores are divided among them
  int threads = 0;         ///< of each; 0: the cores divided by `jobs`
  bool fail_fast = false;  ///< start nothing more after the first run that fails
  int retries = 0;         ///< how often a run that failed is tried again
  double memory_mib = 0;   ///< what the runs may take together; 0: no limit
  /// What one takes at its peak, in MiB.
  std::function<double(const Job&)> memory_of = [](const Job&) { return 0.0; };
  double stale_seconds = 60;           ///< without a heartbeat, another sweep's lease is taken over
  std::vector<std::string> program;    ///< this program and the options before `run`
  std::vector<std::string> arguments;  ///< options for every run
  std::function<bool()> stop = [] { return false; };
};

/// What the executor tells while it works.
struct Observer {
  using Tell = std::function<void(const Job&)>;
  Tell started = [](const Job&) {};
  /// A run of ours ended, in whatever state, or could not be started.
  Tell ended = [](const Job&) {};
  /// Failed, with the reason, and will be tried again.
  Tell retried = [](const Job&) {};
  /// Another sweep has the run in hand; the owner's name. Once for a job.
  std::function<void(const Job&, const std::string& owner)> elsewhere = [](const Job&,
                                                                           const std::string&) {};
  /// Another sweep ended it.
  Tell ended_elsewhere = [](const Job&) {};
  /// A few times a second, with the jobs that are running.
  std::function<void(const std::vector<const Job*>&)> waiting = [](const std::vector<const Job*>&) {
  };
};

/// Runs every job that is not completed as a process of its own, so that one that crashes takes
/// nothing with it; each job's state is read back when it ends, and what a run cannot say of itself
/// (a crash) is written into its status. Every run is leased first: sweeps that share a folder
/// share the work, and this returns when none of it is left, here or elsewhere. What a run prints
/// goes to log.txt in its folder. When `stop` turns true the running ones are asked to save and
/// stop; no child outlives this process. A run that does not fit into the memory beside those that
/// are running waits; one that never fits fails.
void execute(Plan& plan, const ExecuteOptions& options, const Observer& observer);

}  // namespace laq::sweep
