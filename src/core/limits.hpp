#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace laq {

/// What the control groups of this process allow it, whichever of their versions the machine has: a
/// group's own limit and those of the groups around it, the smallest counts. `root` is where /proc
/// and /sys are found.
/// CPUs, in parts too (1.5); nothing when there is no quota.
std::optional<double> cpu_quota(const std::filesystem::path& root = "/");
/// Processes and threads together; nothing when there is no limit.
std::optional<long> process_quota(const std::filesystem::path& root = "/");

/// Starts so many threads, this one included, and ends them. Error: the system does not allow them,
/// with its limits. Called before OpenMP starts its own: it ends the process when it gets none.
void require_threads(int threads);

/// The limits on processes and threads, in words for an error: "96365 processes of the user (ulimit
/// -u), 3 of the control group (pids.max)".
std::string process_limits();

}  // namespace laq
