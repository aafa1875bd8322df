#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sweep/plan.hpp"

namespace laq::analysis {

/// What all runs of a plan have in common. Runs of different protocols are never compared.
struct Protocol {
  std::string profile, profile_title;
  std::vector<std::string> overrides;  ///< key=value that was set for all runs
  /// Why it is not the paper's protocol: the profile's note and the keys that were changed.
  std::vector<std::string> departures;

  bool of_the_paper() const { return departures.empty(); }
};

/// Words that change a run's configuration leave the paper's protocol; the points of the sweep's
/// grid do not.
Protocol protocol_of(const sweep::Plan& plan, const std::filesystem::path& configs);

/// A run's overrides are the words for all runs, then one for each axis of the grid.
std::vector<config::Override> words_of(const sweep::Job& job);
std::vector<config::Override> point_of(const sweep::Job& job);

/// Whether the run would be the same with only these overrides.
bool same_with(const std::filesystem::path& configs, const sweep::Job& job,
               const std::vector<config::Override>& overrides);

}  // namespace laq::analysis
