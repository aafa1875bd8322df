#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace laq {

/// Whether this machine has a process of this number. One that has ended and waits to be collected
/// does not count.
bool process_exists(std::int64_t pid);

/// When it was started, in clock ticks since the machine was: with its number, which is given anew
/// later, it tells a process from all others. Nothing when there is none, or it is hidden from this
/// user.
std::optional<std::uint64_t> process_start_ticks(std::int64_t pid);

/// Whether the process that had this number at `moment` (seconds since 1970) still has it: not one
/// that was started later.
bool process_lives_since(std::int64_t pid, double moment);

/// This machine since it was started, and the container: where process numbers are told apart.
std::string machine();

}  // namespace laq
