#include "experiments/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace laq {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGUSR1};

std::atomic<bool> seen{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void leave(int) {
  ::_exit(kInterruptedExit);
}

void remember(int signal_number) {
  seen = true;
  if (signal_number == SIGUSR1) return;  // a batch system sends SIGTERM after it
  for (const int other : kSignals) ::signal(other, SIG_DFL);
}

void handle_with(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int signal_number : kSignals) {
    struct sigaction before {};
    ::sigaction(signal_number, nullptr, &before);
    // Under nohup a lost terminal means nothing.
    if (signal_number == SIGHUP && before.sa_handler == SIG_IGN) continue;
    ::sigaction(signal_number, &action, nullptr);
  }
}

}  // namespace

void leave_at_signals() {
  handle_with(leave);
}

void watch_signals() {
  handle_with(remember);
}

bool interrupted() {
  return seen;
}

}  // namespace laq
