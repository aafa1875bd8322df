#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sweep/plan.hpp"

namespace laq::sweep {

struct ExecuteOptions {
  int jobs = 1;                        ///< processes side by side; the cores are divided among them
  bool fail_fast = false;              ///< start nothing more after the first run that fails
  std::vector<std::string> program;    ///< this program and the options before `run`
  std::vector<std::string> arguments;  ///< options for every run
  std::function<bool()> stop = [] { return false; };
};

/// What the executor tells while it works.
struct Observer {
  std::function<void(const Job&)> started = [](const Job&) {};
  std::function<void(const Job&)> ended = [](const Job&) {};
  /// A few times a second, with the jobs that are running.
  std::function<void(const std::vector<const Job*>&)> waiting = [](const std::vector<const Job*>&) {
  };
};

/// Runs every job that is not completed as a process of its own, so that one that crashes takes
/// nothing with it; each job's state is read back when it ends. What a run prints goes to log.txt
/// in its folder. When `stop` turns true the running ones are asked to save and stop; no child
/// outlives this process. Errors: a process cannot be started.
void execute(Plan& plan, const ExecuteOptions& options, const Observer& observer);

}  // namespace laq::sweep
