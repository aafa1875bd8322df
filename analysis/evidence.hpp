#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/collect.hpp"
#include "analysis/protocol.hpp"

namespace laq::analysis {

/// An experiment of the sweeps.
struct Studied {
  std::string experiment;
  std::string title;  ///< of its data set; with the experiment's name when two share it
  Metric metric = Metric::test_error;
  double grid = 0, guess = 0;  ///< of the metric: `metric_grid`, `metric_of_guess`
};

/// The runs of all sweeps that follow one protocol.
struct Evidence {
  Protocol protocol;
  std::vector<std::string> sweeps;
  std::vector<Studied> experiments;  ///< in the order of the sweeps
  std::vector<Cell> cells;           ///< a run that two sweeps plan is there once

  /// Null: no sweep plans it.
  const Cell* find(const std::string& experiment, const std::string& method,
                   const Point& point = {}) const;
  /// Values of an axis at which both methods are planned, with no other axis beside it.
  std::vector<std::string> shared_values(const std::string& experiment, const std::string& axis,
                                         const std::string& left, const std::string& right) const;
};

/// One for each protocol, in the order of the plans.
std::vector<Evidence> gather(const std::filesystem::path& configs,
                             const std::vector<sweep::Plan>& plans);

}  // namespace laq::analysis
