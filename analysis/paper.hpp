#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "train/metric.hpp"

namespace laq::analysis {

using train::Metric;

/// The key of a run's final values, of tables.yaml, CSV and JSON.
std::string metric_name(Metric metric);
/// "Test error (%)" or "Test loss (nats per character)".
std::string metric_label(Metric metric);

/// A figure as it is printed in a paper.
struct Figure {
  double value = 0;
  int decimals = 0;  ///< digits printed after the point
  std::string text;  ///< as printed
  /// Whether it was compared with the paper itself; otherwise tables mark it with a dagger.
  bool checked = false;

  /// The unit of the last printed digit: 0.01 for 1.28.
  double unit() const;
};

/// Whether both are the same value once rounded to the digits of the one with fewer.
bool agree(const Figure& a, const Figure& b);

/// One table of configs/paper/tables.yaml.
struct PaperTable {
  std::string name;
  std::string source;  ///< the paper, in words
  Metric metric = Metric::test_error;
  std::vector<std::string> columns;
  std::map<std::pair<std::string, std::string>, Figure> figures;  ///< (row, column)

  std::optional<Figure> find(const std::string& row, const std::string& column) const;
};

/// Reads a table. A figure is checked when its table is (`checked: true`), or when the table named
/// by `confirmed_by` is checked and has an agreeing figure in the same row and column. Errors
/// (usage): no such table, a missing, unknown or wrong key, rows of another length than `columns`.
PaperTable load_paper_table(const std::filesystem::path& configs, const std::string& name);

}  // namespace laq::analysis
