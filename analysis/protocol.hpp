#pragma once

#include <string>
#include <vector>

#include "sweep/plan.hpp"

namespace laq::analysis {

using sweep::point_of;
using sweep::words_of;

/// What all runs of a plan have in common. Runs of different protocols are never compared.
struct Protocol {
  std::string profile, profile_title;
  std::vector<std::string> overrides;  ///< key=value that was set for all runs
  /// Why it is not the paper's protocol: the profile's note and the keys that were changed.
  std::vector<std::string> departures;

  bool of_the_paper() const { return departures.empty(); }
  /// "Test error (%): quick profile, NOT the paper's protocol".
  std::string heading(const std::string& title) const;
  /// "Sweeps quick, bits; this is not the paper's protocol (small networks)."
  std::string sentence(const std::vector<std::string>& sweeps) const;
};

/// Words that change a run's configuration leave the paper's protocol; the points of the sweep's
/// grid do not.
Protocol protocol_of(const sweep::Plan& plan);

}  // namespace laq::analysis
