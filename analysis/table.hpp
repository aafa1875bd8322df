#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/collect.hpp"
#include "analysis/model_size.hpp"
#include "analysis/paper.hpp"

namespace laq::analysis {

/// One experiment, at one point of the axes that are laid out as columns.
struct Column {
  std::string experiment;
  Point point;
  std::string title;
  std::string dataset;
  Metric metric = Metric::test_error;
  int decimals = 2;  ///< to show
  std::optional<std::string> paper_column;
  std::vector<std::string> absent;  ///< files of the data that are not at hand
  double grid = 0;                  ///< of the metric: `metric_grid`
};

/// One method on one experiment.
struct Entry {
  Cell cell;
  Summary ours;
  std::optional<Figure> paper;       ///< only where the configuration is the one of the paper's row
  std::optional<double> difference;  ///< ours − paper, when both are there
  /// Lowest of its group and setting in this column, or shown as equal to it.
  bool best = false;
  std::string setting;  ///< data and network: what differs in it is not compared
  std::optional<ModelSize> size;
};

/// Methods that are compared with each other: as many bits for a weight and scales for a group.
struct Group {
  int bits = 32, scales = 0;

  bool operator==(const Group&) const = default;
};

/// One method, at one point of the sweep's grid.
struct Row {
  std::string method;
  std::string title;
  Point point;
  Group group;
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
  std::optional<PaperTable> paper;     ///< where the printed figures come from
  std::filesystem::path runs;
  std::vector<std::string> axes;         ///< of the grid, those that have a value for each row
  std::vector<std::string> column_axes;  ///< those that have one for each column
  std::vector<Column> columns;
  std::vector<Row> rows;
  Origin origin;

  /// That of all columns. None: there is no column, or they differ.
  std::optional<Metric> metric() const;
  /// Whether a row begins another group than the row before it.
  bool begins_group(std::size_t row) const;
  bool has_best() const;
  bool has_figures() const;    ///< whether any entry has the paper's figure
  bool has_unchecked() const;  ///< whether any of these is unchecked
  bool has_figures(std::size_t column) const;
};

/// Of the axes that have a value for each row: a row for every value, or for each method the one
/// that is best on the validation part (`select_by_validation`), which the notes name.
enum class Settings { all, best_on_validation };

/// Collects a plan's runs and lays the paper's figures beside them. A figure is given where the
/// dataset (or what the plan's `columns` name) has a column in the paper's table, the method a row,
/// and the rest of the grid's point is the method's own configuration. Words that change a run's
/// configuration leave the paper's protocol. An axis whose values are columns of the paper's table,
/// or data sets, makes columns here too. Errors (usage): the plan's paper table is unknown or
/// broken.
Table make_table(const sweep::Plan& plan, const std::filesystem::path& configs,
                 Settings settings = Settings::all);

}  // namespace laq::analysis
