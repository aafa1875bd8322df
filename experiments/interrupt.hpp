#pragma once

#include "core/exit_codes.hpp"

namespace laq {

/// From now on SIGINT, SIGTERM, SIGUSR1 (a batch system's, before a job's time is over) and SIGHUP
/// (unless it was ignored) end the process with `kInterruptedExit`: there is nothing to save yet.
void leave_at_signals();
/// From now on they are remembered instead; a second one ends the process at once, unless the first
/// was SIGUSR1.
void watch_signals();
/// Whether one was remembered.
bool interrupted();

}  // namespace laq
