#pragma once

namespace laq {

constexpr int kInterruptedExit = 75;  ///< stopped with a checkpoint: run again

/// From now on SIGINT, SIGTERM and SIGUSR1 are remembered instead of ending the process; a second
/// one of the first two ends it at once.
void watch_signals();
/// Whether one came.
bool interrupted();

}  // namespace laq
