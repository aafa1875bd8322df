#include "sweep/execute.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/exit_codes.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "sweep/child.hpp"
#include "sweep/lease.hpp"

namespace laq::sweep {
namespace {

constexpr double kPollSeconds = 0.1;
constexpr auto kBeat = std::chrono::seconds(5);
constexpr auto kAskAgain = std::chrono::seconds(1);  // whether another sweep still has a run
constexpr int kAsksForOwner = 3;                     // a lease that is being written has none yet
constexpr std::uintmax_t kLittleSpace = 64 * 1024;   // bytes: less than a checkpoint needs

std::vector<std::string> command_of(const Job& job, const Plan& plan,
                                    const ExecuteOptions& options) {
  const train::RunRequest& run = job.run.request;
  std::vector<std::string> words = options.program;
  const int threads = options.threads > 0 ? options.threads : threads_for(options.jobs);
  for (const auto& word :
       {std::string("run"), run.experiment, std::string("--method"), run.method,
        std::string("--seed"), std::to_string(run.seed), std::string("--profile"), run.profile,
        std::string("--runs"), plan.runs.string(), std::string("--threads"),
        std::to_string(threads), std::string("--expect"), job.run.hash}) {
    words.push_back(word);
  }
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  for (const auto& change : run.overrides) words.push_back(change.text);
  return words;
}

// What a run that crashed could not write itself, for whoever reads the folder.
void write_failure(const Job& job) {
  try {
    const auto file = job.folder / "status.json";
    auto status = record::read_status(file);
    if (!status) status = record::own_status(job.state);
    status->state = job.state;
    status->reason = job.reason;
    record::write_status(file, *status);
  } catch (const Error&) {
    // The disk that made it fail may refuse this too; the sweep itself tells the reason.
  }
}

// The loader, which lacks a library, and OpenMP, which gets no thread, end the process themselves.
bool of_a_library(const std::string& line) {
  return line.find(": error while loading shared libraries: ") != std::string::npos ||
         line.starts_with("libgomp: ");
}

// Why a run ended that could not write it into its status: the last it said, and whether its disk
// had room for more.
std::string last_words(const Job& job, int exit_code) {
  std::string reason = fmt::format("ended with exit code {}", exit_code);
  try {
    std::string log = read_file(job.folder / "log.txt");
    while (log.ends_with('\n')) log.pop_back();
    const auto line = log.find_last_of('\n');
    const std::string last = line == std::string::npos ? log : log.substr(line + 1);
    if (last.starts_with("laq: ")) reason += ": " + last.substr(5);
    if (of_a_library(last)) reason += ": " + last;
    const auto space = std::filesystem::space(job.folder);
    if (space.available < kLittleSpace)
      reason += fmt::format("; {} KiB of space left on device", space.available / 1024);
  } catch (const std::exception&) {
    // The exit code says what can be said.
  }
  return reason + "; see " + (job.folder / "log.txt").string();
}

// What a child that crashed, or had no room to write, could not say itself.
void settle_ended(Job& job, int wait_status, bool asked_to_stop) {
  refresh(job);
  if (job.done()) return;
  const bool silent = job.state == record::State::queued || job.state == record::State::running ||
                      job.state == record::State::interrupted;
  if (asked_to_stop && WIFSIGNALED(wait_status)) {  // asked before it was listening
    job.state = record::State::interrupted;
    job.reason.clear();
    return;
  }
  if (WIFSIGNALED(wait_status)) {
    job.reason = fmt::format("ended by signal {} ({})", WTERMSIG(wait_status),
                             ::strsignal(WTERMSIG(wait_status)));
  } else if (job.state == record::State::queued && !job.reason.empty()) {
    return;  // its data is not at hand
  } else if (silent && WEXITSTATUS(wait_status) != kInterruptedExit) {
    job.reason = last_words(job, WEXITSTATUS(wait_status));
  } else {
    return;
  }
  job.state = record::State::failed;
  write_failure(job);
}

/// A job on its way.
struct Task {
  Job* job = nullptr;
  int attempts = 0;
  bool told_elsewhere = false;
  int asked = 0;  // for a lease that another has
  Clock::time_point not_before = {};
  std::unique_ptr<Lease> lease = {};
  double memory = 0;
  bool lost = false;  // another sweep took the lease over; the child was asked to end
};

class Executor {
 public:
  Executor(Plan& plan, const ExecuteOptions& options, const Observer& observer)
      : plan_(plan), options_(options), observer_(observer), leases_(options.stale_seconds) {
    for (auto& job : plan.jobs) {
      // Without its data, one that diverged would lose its outcome and get no other.
      const bool settled =
          job.state == record::State::diverged && plan.absent.contains(job.run.request.experiment);
      if (!job.done() && !settled) waiting_.push_back({.job = &job});
    }
    // Seed by seed: a sweep that is stopped leaves whole seeds, in which methods can be compared.
    const auto seed = [](const Task& task) { return task.job->run.identity().seed; };
    std::ranges::stable_sort(waiting_, {}, seed);
  }

  void go() {
    while (true) {
      if (options_.stop() && !asked_to_stop_) ask_to_stop();
      if (may_start()) start_what_fits();
      if (running_.empty() && (waiting_.empty() || !may_start())) return;
      if (collect()) continue;
      beat();
      tell();
      wait_for_child(kPollSeconds);
    }
  }

 private:
  bool may_start() const { return !asked_to_stop_ && !(failed_ && options_.fail_fast); }

  void ask_to_stop() {
    asked_to_stop_ = true;
    for (const auto& [child, task] : running_) ::kill(child, SIGUSR1);
  }

  void start_what_fits() {
    for (auto task = waiting_.begin(); task != waiting_.end();) {
      if (running_.size() >= static_cast<std::size_t>(options_.jobs) || !may_start()) return;
      if (options_.stop()) return;
      task = try_to_start(*task) ? waiting_.erase(task) : std::next(task);
    }
  }

  // False: the task stays in the queue.
  bool try_to_start(Task& task) {
    if (Clock::now() < task.not_before || !fits(task)) return false;
    Job& job = *task.job;
    try {
      if (options_.memory_mib > 0 && task.memory > options_.memory_mib) {
        throw Error({.what = fmt::format("needs about {:.0f} MiB", task.memory),
                     .found = fmt::format("{:.0f} MiB with --memory", options_.memory_mib),
                     .advice = "give it more, or choose a smaller network or batch"});
      }
      record::require_run_in(job.folder, job.run.identity());  // nothing is written there
      task.lease = leases_.take(job.folder);
      if (!task.lease) return leave_elsewhere(task);
      if (settled_elsewhere(job)) {
        observer_.ended_elsewhere(job);
        return true;
      }
      const pid_t child = start_again(command_of(job, plan_, options_), job.folder / "log.txt");
      observer_.started(job);
      running_.emplace(child, std::move(task));
    } catch (const Error& error) {
      fail(job, error.what());
      if (task.lease) write_failure(job);
      observer_.ended(job);
    }
    return true;
  }

  bool fits(Task& task) {
    if (options_.memory_mib <= 0) return true;
    task.memory = options_.memory_of(*task.job);
    double taken = 0;
    for (const auto& [child, other] : running_) taken += other.memory;
    return running_.empty() || taken + task.memory <= options_.memory_mib;
  }

  bool leave_elsewhere(Task& task) {
    task.not_before = Clock::now() + kAskAgain;
    const auto owner = lease_owner(task.job->folder);
    if (!task.told_elsewhere && (owner || ++task.asked >= kAsksForOwner)) {
      task.told_elsewhere = true;
      observer_.elsewhere(*task.job,
                          owner ? owner->name() : "a process that its lease does not tell");
    }
    return false;
  }

  // Whether another sweep has ended the run since this one looked, so that it is not ours to try.
  bool settled_elsewhere(Job& job) {
    const double known = job.sign;
    refresh(job);
    if (job.done()) return true;
    if (job.sign == known) return false;
    const bool ended = job.state == record::State::failed || job.state == record::State::diverged;
    failed_ = failed_ || ended;
    return ended;
  }

  void fail(Job& job, const std::string& reason) {
    job.state = record::State::failed;
    job.reason = reason;
    failed_ = true;
  }

  bool collect() {
    int wait_status = 0;
    const pid_t child = ::waitpid(-1, &wait_status, WNOHANG);
    const auto ended = running_.find(child);
    if (ended == running_.end()) return false;
    Task task = std::move(ended->second);
    running_.erase(ended);
    Job& job = *task.job;
    if (task.lost) {  // it is the other sweep's to tell
      task.lease.reset();
      task.lost = false;
      waiting_.push_back(std::move(task));
      return true;
    }
    settle_ended(job, wait_status, asked_to_stop_);
    const bool usage = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kUsageExit;
    if (job.state == record::State::failed && !usage && task.attempts < options_.retries &&
        !asked_to_stop_) {
      ++task.attempts;
      observer_.retried(job);
      refresh(job);  // what it left is ours, not another sweep's
      task.lease.reset();
      waiting_.push_front(std::move(task));
      return true;
    }
    failed_ = failed_ || !(job.done() || job.state == record::State::interrupted);
    observer_.ended(job);
    return true;
  }

  void beat() {
    if (Clock::now() - last_beat_ < kBeat) return;
    last_beat_ = Clock::now();
    for (auto& [child, task] : running_) {
      if (task.lost || task.lease->beat()) continue;
      task.lost = true;
      ::kill(child, SIGKILL);  // its files are the other sweep's now
    }
  }

  void tell() const {
    std::vector<const Job*> now;
    for (const auto& [pid, task] : running_) now.push_back(task.job);
    observer_.waiting(now);
  }

  Plan& plan_;
  const ExecuteOptions& options_;
  const Observer& observer_;
  Leases leases_;
  std::deque<Task> waiting_;
  std::map<pid_t, Task> running_;
  bool asked_to_stop_ = false, failed_ = false;
  Clock::time_point last_beat_ = Clock::now();
};

}  // namespace

void execute(Plan& plan, const ExecuteOptions& options, const Observer& observer) {
  Executor(plan, options, observer).go();
}

}  // namespace laq::sweep
