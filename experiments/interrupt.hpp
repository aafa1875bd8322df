#pragma once

namespace laq {

constexpr int kInterruptedExit = 75;  ///< stopped with a checkpoint: run again

/// From now on SIGINT and SIGTERM are remembered instead of ending the process; a second one ends
/// it at once.
void watch_signals();
/// Whether one came.
bool interrupted();

}  // namespace laq
