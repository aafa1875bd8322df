#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/store.hpp"

/// Which runs a command shows.
namespace laq::store {

struct Wanted {
  /// A sweep's name or YAML file, a folder, or the name that a sweep was given.
  std::string what;
  std::string profile, name;            ///< "" leaves them open
  std::vector<std::string> words = {};  ///< see `filter`
  std::filesystem::path runs;           ///< "": results/<name>/runs, otherwise …/records
  data::DataPaths data;                 ///< to say what data is not at hand
};

/// The plans that were run there, as they were run; the words only leave out runs. A note says what
/// today's files have otherwise. Without a plan: of a sweep's file, what it plans today, once one
/// of its runs is there; of a folder, the runs that are in it. Jobs have the states that the store
/// knows. Errors: nothing is there, and what is instead; (usage) no such sweep, folder or plan.
std::vector<sweep::Plan> shown(const std::filesystem::path& configs, const Wanted& wanted,
                               Store& store);

/// The same where one plan is meant. Error (usage): there are several, by name.
sweep::Plan shown_one(const std::filesystem::path& configs, const Wanted& wanted, Store& store);

/// All runs below a folder as a plan; the coordinates of a run are the keys in which those of its
/// method and experiment differ. What cannot be read is named in the notes.
sweep::Plan runs_below(const std::filesystem::path& configs, const std::filesystem::path& folder,
                       Store& store);

}  // namespace laq::store
