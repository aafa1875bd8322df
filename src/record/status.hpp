#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace laq::record {

enum class State { queued, running, completed, failed, diverged, interrupted };

std::string state_name(State state);

/// The content of status.json: what a run is doing, for `laq status` and for a sweep.
struct Status {
  State state = State::queued;
  std::string reason;            ///< why it failed, diverged, was interrupted or is still queued
  std::string heartbeat;         ///< when this was written: ISO 8601, UTC
  double heartbeat_seconds = 0;  ///< the same in seconds since 1970
  std::int64_t epoch = 0;        ///< epochs done
  std::int64_t epochs = 0;       ///< epochs to do in all
  std::int64_t step = 0;         ///< training steps done
  double progress = 0;           ///< 0 to 1
  std::optional<double> seconds_left;
  std::int64_t pid = 0;
  std::string host;
  std::string method_source;  ///< hash of the method's source, of a completed run
};

/// Without a sign of life for so long (seconds) a run is silent; it gives one every few seconds,
/// but not while it evaluates or saves.
inline constexpr double kSilentSeconds = 60;

/// A status of this process on this machine.
Status own_status(State state);

/// Replaces the file whole, with now as the heartbeat. Numbers that are not finite are left out.
void write_status(const std::filesystem::path& file, const Status& status);

/// Nothing when there is no such file, or an empty one. Keys that are not known are passed over.
/// Error: not JSON, unknown state, a value of the wrong type.
std::optional<Status> read_status(const std::filesystem::path& file);

/// Seconds since its heartbeat, by this machine's clock.
double silence(const Status& status);

/// Whether the process that wrote it has ended, another one with its number aside. That of another
/// machine is not known to have.
bool writer_gone(const Status& status);

}  // namespace laq::record
