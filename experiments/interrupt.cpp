#include "experiments/interrupt.hpp"

#include <signal.h>

#include <atomic>

namespace laq {
namespace {

std::atomic<bool> seen{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void remember(int signal_number) {
  seen = true;
  if (signal_number != SIGUSR1) ::signal(signal_number, SIG_DFL);
}

}  // namespace

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = remember;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGUSR1, &action, nullptr);  // a batch system's, before a job's time is over
}

bool interrupted() {
  return seen;
}

}  // namespace laq
