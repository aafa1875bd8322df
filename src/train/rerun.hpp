#pragma once

#include <filesystem>
#include <string>

namespace laq::train {

/// The folder in a run's folder that keeps what was set aside.
inline constexpr const char kAside[] = "before";

/// Whether a finished run was computed by other code of its method than today's: both by their
/// hash. Not when one of the two is not known.
bool of_other_code(const std::string& then, const std::string& now);

/// Moves what a finished run wrote into that folder, so that it can be made anew.
void set_aside(const std::filesystem::path& run_folder);

/// Removes what was set aside; called when the new run is finished.
void drop_what_was_set_aside(const std::filesystem::path& run_folder);

}  // namespace laq::train
