#include "experiments/sweep_display.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "train/method_title.hpp"
#include "train/metric.hpp"

namespace laq {
namespace {

constexpr auto kRefresh = std::chrono::milliseconds(500);
constexpr int kBar = 20;

std::size_t columns() {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

// `mnist late quantizer.solver=alternating seed 1 (LATe, solver alternating)`: the title where the
// sweep's words or axes alter the method.
std::string name_of(const sweep::Job& job) {
  const auto& changes = job.run.request.overrides;
  const bool altered = std::any_of(changes.begin(), changes.end(), [](const auto& change) {
    return train::is_told_by_title(change.key);
  });
  return sweep::job_name(job) +
         (altered ? " (" + analysis::one_line(job.run.method_title) + ")" : "");
}

// "  [#####     ]  26 %  epoch 1/5  2 min 03 s left  mnist late seed 1", cut to the terminal.
std::string progress_line(const sweep::Job& job) {
  record::Status status;
  try {
    if (auto found = record::read_status(job.folder / "status.json")) status = *found;
  } catch (const Error&) {
    // Told when the run ends.
  }
  const int done = static_cast<int>(std::lround(kBar * std::clamp(status.progress, 0.0, 1.0)));
  std::string line = fmt::format("  [{:<{}}] {:3.0f} %  epoch {}/{}", std::string(done, '#'), kBar,
                                 100 * status.progress, status.epoch, status.epochs);
  if (status.seconds_left) line += "  " + duration_text(*status.seconds_left) + " left";
  line += "  " + name_of(job);
  std::size_t end = std::min(columns() - 1, line.size());
  while (end < line.size() && (line[end] & 0xC0) == 0x80) --end;  // no part of a character
  return line.substr(0, end);
}

// "test error 2.61 %": what it reached, or "".
std::string result_of(const sweep::Job& job) {
  try {
    const train::MetricFacts& judged = train::facts(train::metric_of(job.run));
    const auto value = sweep::read_record(job).history.final_number(judged.test);
    const bool percent = judged.unit == std::string("%");
    if (value)
      return fmt::format(": test {} {:.{}f}{}", judged.word, *value, judged.decimals,
                         percent ? " %" : "");
  } catch (const Error&) {
    // The table says what is wrong with it.
  }
  return "";
}

}  // namespace

std::size_t count_done(const sweep::Plan& plan) {
  return static_cast<std::size_t>(std::count_if(plan.jobs.begin(), plan.jobs.end(),
                                                [](const auto& job) { return job.done(); }));
}

SweepDisplay::SweepDisplay(const sweep::Plan& plan, sweep::Estimate& estimate)
    : plan_(plan), estimate_(estimate), live_(::isatty(STDOUT_FILENO) == 1) {}

sweep::Observer SweepDisplay::observer() {
  sweep::Observer observer;
  observer.started = [this](const auto& job) { say("start  " + name_of(job)); };
  observer.ended = [this](const auto& job) { ended(job); };
  observer.retried = [this](const auto& job) {
    say(fmt::format("again  {}: {}", name_of(job), job.reason));
  };
  observer.elsewhere = [this](const auto& job, const std::string& owner) {
    say(fmt::format("other  {}: in the hands of {}", name_of(job), owner));
  };
  observer.ended_elsewhere = [this](const auto& job) { ended(job); };
  observer.waiting = [this](const auto& running) { show(running); };
  return observer;
}

void SweepDisplay::ended(const sweep::Job& job) {
  if (job.done()) estimate_.learn(job);
  const std::string state = job.done()                           ? "done"
                            : job.state == record::State::queued ? "missing"
                                                                 : record::state_name(job.state);
  std::string line = fmt::format("{:<6} {}", state, name_of(job));
  if (job.done()) line += result_of(job);
  if (!job.reason.empty()) line += ": " + job.reason;
  say(line + fmt::format("  [{}/{}, {} left]", count_done(plan_), plan_.jobs.size(),
                         duration_text(estimate_.seconds_left())));
}

void SweepDisplay::show(const std::vector<const sweep::Job*>& running) {
  const auto now = std::chrono::steady_clock::now();
  if (!live_ || now - shown_ < kRefresh) return;
  shown_ = now;
  erase();
  for (const auto* job : running) fmt::print("{}\n", progress_line(*job));
  lines_ = static_cast<int>(running.size());
  std::fflush(stdout);
}

void SweepDisplay::erase() {
  if (lines_ > 0) fmt::print("\x1b[{}A\x1b[J", lines_);  // up, and clear to the end
  lines_ = 0;
}

void SweepDisplay::say(const std::string& line) {
  erase();
  shown_ = {};
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace laq
