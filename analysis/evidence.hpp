#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "analysis/protocol.hpp"
#include "analysis/run_data.hpp"

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
  std::vector<Series> series;        ///< a run that two sweeps plan is there once
  std::set<std::string> tuned;       ///< axes of which `choose_by_validation` kept one value

  /// Null: no sweep plans it.
  const Series* find(const std::string& experiment, const std::string& method,
                     const Point& point = {}) const;
  /// Values of an axis at which both methods are planned, with no other axis beside it.
  std::vector<std::string> shared_values(const std::string& experiment, const std::string& axis,
                                         const std::string& left, const std::string& right) const;
};

/// Keeps of each method on each experiment the point of the grid with the best mean validation
/// score, as if it were none. What was chosen, in words.
std::vector<std::string> choose_by_validation(Evidence& evidence);

/// One for each protocol, in the order of the sweeps.
std::vector<Evidence> gather(const std::vector<std::shared_ptr<const SweepData>>& sweeps);

}  // namespace laq::analysis
