#pragma once

namespace laq {

// What the program leaves with, besides 0 and 128 + n for signal n.
inline constexpr int kFailedExit = 1;
inline constexpr int kUsageExit = 2;         ///< command line or configuration
inline constexpr int kInterruptedExit = 75;  ///< stopped with a checkpoint: run again

}  // namespace laq
