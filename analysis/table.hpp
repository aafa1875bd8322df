#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/collect.hpp"
#include "analysis/paper.hpp"

namespace laq::analysis {

/// One experiment.
struct Column {
  std::string experiment;
  std::string title;
  std::string dataset;
  std::optional<std::string> paper_column;
};

/// One method on one experiment.
struct Entry {
  Cell cell;
  Summary ours;
  std::optional<Figure> paper;       ///< only where the configuration is the one of the paper's row
  std::optional<double> difference;  ///< ours − paper, when both are there
};

/// One method, at one point of the sweep's grid.
struct Row {
  std::string method;
  std::string title;
  Point point;
  std::vector<Entry> entries;  ///< one for each column
};

/// A sweep's results beside the paper's, in no format yet.
struct Table {
  std::string name, title;
  std::string profile, profile_title;
  bool paper_protocol = false;
  /// Why it is not the paper's protocol: the profile's note and the keys that were changed.
  std::vector<std::string> departures;
  std::vector<std::string> overrides;  ///< key=value that the user set for all runs
  std::vector<std::string> notes;      ///< of the plan
  Metric metric = Metric::test_error;
  int decimals = 2;                 ///< to show
  std::optional<PaperTable> paper;  ///< where the printed figures come from
  std::filesystem::path runs;
  std::vector<std::string> axes;  ///< names of the grid's axes
  std::vector<Column> columns;
  std::vector<Row> rows;
  Origin origin;

  bool has_figures() const;    ///< whether any entry has the paper's figure
  bool has_unchecked() const;  ///< whether any of these is unchecked
  bool has_figures(std::size_t column) const;
};

/// Collects a plan's runs and lays the paper's figures beside them. A figure is given where the
/// dataset (or what the plan's `columns` name) has a column in the paper's table, the method a row,
/// and the rest of the grid's point is the method's own configuration. Words that change a run's
/// configuration leave the paper's protocol. Errors (usage): the plan's paper table is unknown or
/// broken.
Table make_table(const sweep::Plan& plan, const std::filesystem::path& configs);

}  // namespace laq::analysis
