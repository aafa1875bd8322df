#include "sweep/execute.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <thread>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"

namespace laq::sweep {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);

std::vector<std::string> command_of(const Job& job, const Plan& plan,
                                    const ExecuteOptions& options) {
  const train::RunRequest& run = job.run.request;
  std::vector<std::string> words = options.program;
  for (const auto& word :
       {std::string("run"), run.experiment, std::string("--method"), run.method,
        std::string("--seed"), std::to_string(run.seed), std::string("--profile"), run.profile,
        std::string("--runs"), plan.runs.string(), std::string("--threads"),
        std::to_string(threads_for(options.jobs))}) {
    words.push_back(word);
  }
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  for (const auto& change : run.overrides) words.push_back(change.text);
  return words;
}

// In the child: everything that is needed was prepared before the fork.
[[noreturn]] void become(char** arguments, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::setpgid(0, 0);  // a Ctrl-C reaches the sweep only, which then asks its children once
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

pid_t start(const Job& job, const Plan& plan, const ExecuteOptions& options) {
  make_folder(job.folder);
  const auto log_file = job.folder / "log.txt";
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0)
    throw Error({.what = "cannot write the log: " + errno_text(), .where = log_file.string()});
  std::vector<std::string> words = command_of(job, plan, options);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(arguments.data(), log, parent);
  ::close(log);
  if (child < 0) throw Error({.what = "cannot start a process: " + errno_text()});
  return child;
}

// A child that crashed could not say so itself.
void settle_ended(Job& job, int wait_status, bool asked_to_stop) {
  refresh(job);
  if (job.done()) return;
  if (asked_to_stop && WIFSIGNALED(wait_status)) {  // asked before it was listening
    job.state = record::State::interrupted;
    job.reason.clear();
  } else if (WIFSIGNALED(wait_status)) {
    job.state = record::State::failed;
    job.reason = fmt::format("ended by signal {}", WTERMSIG(wait_status));
  } else if (job.state == record::State::queued && !job.reason.empty()) {
    // its data is not at hand
  } else if (job.state == record::State::queued || job.state == record::State::running) {
    job.state = record::State::failed;
    job.reason = fmt::format("ended with exit code {}; see {}", WEXITSTATUS(wait_status),
                             (job.folder / "log.txt").string());
  }
}

}  // namespace

void execute(Plan& plan, const ExecuteOptions& options, const Observer& observer) {
  std::map<pid_t, Job*> running;
  bool asked_to_stop = false, failed = false;
  auto next = plan.jobs.begin();
  while (true) {
    if (options.stop() && !asked_to_stop) {
      asked_to_stop = true;
      for (const auto& [child, job] : running) ::kill(child, SIGTERM);
    }
    const bool may_start = !asked_to_stop && !(failed && options.fail_fast);
    while (may_start && next != plan.jobs.end() &&
           running.size() < static_cast<std::size_t>(options.jobs)) {
      Job& job = *next++;
      if (job.done()) continue;
      try {
        running[start(job, plan, options)] = &job;
        observer.started(job);
      } catch (const Error& error) {
        job.state = record::State::failed;
        job.reason = error.what();
        failed = true;
        observer.ended(job);
      }
    }
    if (running.empty()) return;
    int wait_status = 0;
    const pid_t child = ::waitpid(-1, &wait_status, WNOHANG);
    if (const auto ended = running.find(child); ended != running.end()) {
      Job& job = *ended->second;
      running.erase(ended);
      settle_ended(job, wait_status, asked_to_stop);
      failed = failed || !(job.done() || job.state == record::State::interrupted);
      observer.ended(job);
      continue;
    }
    std::vector<const Job*> now;
    for (const auto& [pid, job] : running) now.push_back(job);
    observer.waiting(now);
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace laq::sweep
