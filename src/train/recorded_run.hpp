#pragma once

#include <filesystem>
#include <string>

#include "train/experiment.hpp"

namespace laq::train {

/// A run as it was resolved once, from its configuration as `Run::yaml` wrote it: what experiment,
/// method and network are today does not matter. Today's are the data set's description, the
/// profile's title and, where `title` is empty, the method's. Errors (usage): the data set has no
/// description any more, or the configuration has a key that this version does not know.
Run recorded_run(const std::filesystem::path& configs, const RunRequest& request,
                 const std::string& yaml, const std::string& hash, const std::string& title = "");

}  // namespace laq::train
