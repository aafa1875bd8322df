#pragma once

#include <filesystem>
#include <string>

#include "record/status.hpp"

namespace laq::integration {

/// Two runs' folders differ in no bit of what training decides: /epochs, /steps and /final without
/// the times and the memory, /layers, and every array of the checkpoint without the times. Returns
/// the first difference, or "".
std::string first_difference(const std::filesystem::path& a, const std::filesystem::path& b);

/// The content of status.json. Error: not there.
record::Status status_of(const std::filesystem::path& run);

/// Steps of the unfinished epoch in the run's checkpoint.
std::int64_t steps_in_epoch(const std::filesystem::path& run);

}  // namespace laq::integration
