#include "sweep/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "core/error.hpp"
#include "core/limits.hpp"

namespace laq::sweep {
namespace {

constexpr int kCannotStart = 127;  // as a shell has it

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return arguments;
}

// A signal that is blocked waits for sigtimedwait; the children get the mask that was before.
class BlockChildSignals {
 public:
  BlockChildSignals() {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &ended, &before_);
  }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

const sigset_t& mask_before() {
  static const BlockChildSignals blocked;
  return blocked.before();
}

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error({.what = "no pipe: " + errno_text()});
  }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close(int which) {
    ::close(ends[which]);
    ends[which] = -1;
  }
};

/// How a child that cannot become its program tells its parent why.
class ExecFailure {
 public:
  /// In the child; closed by a program that starts.
  [[noreturn]] void tell() const {
    const int reason = errno;
    [[maybe_unused]] const auto told = ::write(pipe_.ends[1], &reason, sizeof reason);
    ::_exit(kCannotStart);
  }
  /// In the parent, after the fork: the error, or 0 once the program has started.
  int wait() {
    pipe_.close(1);
    int reason = 0;
    ssize_t got = 0;
    do {
      got = ::read(pipe_.ends[0], &reason, sizeof reason);
    } while (got < 0 && errno == EINTR);
    return got == sizeof reason ? reason : 0;
  }

 private:
  Pipe pipe_;
};

// In the child: everything that is needed was prepared before the fork.
[[noreturn]] void become_again(char** arguments, int log, pid_t parent, const sigset_t& mask,
                               const ExecFailure& failure) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::setpgid(0, 0);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execv("/proc/self/exe", arguments);
  failure.tell();
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// Both are read as they come, so that neither fills its pipe.
void drain(Pipe& out, Pipe& err, Answer& answer) {
  std::array<pollfd, 2> open{{{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}}};
  std::array<std::string*, 2> texts{&answer.out, &answer.err};
  char block[4096];
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    if (::poll(open.data(), open.size(), -1) < 0 && errno != EINTR) return;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i].fd < 0 || open[i].revents == 0) continue;
      const auto got = ::read(open[i].fd, block, sizeof block);
      if (got > 0) texts[i]->append(block, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) open[i].fd = -1;
      open[i].revents = 0;
    }
  }
}

}  // namespace

pid_t start_again(std::vector<std::string> words, const std::filesystem::path& log) {
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0)
    throw Error({.what = "cannot write the log: " + errno_text(), .where = log.string()});
  std::vector<char*> arguments = pointers(words);
  const sigset_t& mask = mask_before();
  const pid_t parent = ::getpid();
  ExecFailure failure;
  const pid_t child = ::fork();
  if (child == 0) become_again(arguments.data(), file, parent, mask, failure);
  const int reason = child < 0 ? errno : failure.wait();
  ::close(file);
  if (child > 0 && reason != 0) wait_for(child);
  if (reason == 0) return child;
  errno = reason;
  throw Error({.what = "cannot start the program: " + errno_text(),
               .where = words.front(),
               .advice = reason == EAGAIN ? "limits: " + process_limits() : ""});
}

void wait_for_child(double seconds) {
  mask_before();
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_nsec = static_cast<long>((seconds - static_cast<double>(time.tv_sec)) * 1e9);
  ::sigtimedwait(&ended, nullptr, &time);
}

Answer ask(std::vector<std::string> words) {
  Pipe out, err;
  ExecFailure failure;
  std::vector<char*> arguments = pointers(words);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out.ends[1], STDOUT_FILENO);
    ::dup2(err.ends[1], STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    failure.tell();
  }
  if (child < 0) throw Error({.what = "cannot start a process: " + errno_text()});
  if (const int reason = failure.wait()) {
    wait_for(child);
    errno = reason;
    throw Error({.what = fmt::format("cannot run '{}': {}", words.front(), errno_text()),
                 .advice = "is it installed and on PATH?"});
  }
  out.close(1);
  err.close(1);
  Answer answer;
  drain(out, err, answer);
  const int status = wait_for(child);
  answer.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return answer;
}

}  // namespace laq::sweep
