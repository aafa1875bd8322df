#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/model_size.hpp"
#include "analysis/paper.hpp"
#include "analysis/protocol.hpp"
#include "analysis/run_data.hpp"
#include "analysis/sheet.hpp"

namespace laq::analysis {

/// How runs are laid out. Keys are those of `store::value_of`.
struct Layout {
  /// Keys whose values make rows and columns. Empty: methods and axes make rows; experiments, and
  /// axes whose values are columns of the paper's table, make columns. What else runs differ in
  /// makes rows too.
  std::vector<std::string> rows, columns;
  std::vector<std::string> mean_over = {"seed"};
  /// What cells show, see `measure_names`; empty: the metric beside the paper's, then step times
  /// and sizes.
  std::vector<std::string> metrics;
  std::vector<std::string> sort;  ///< keys or metrics of the first column; -key: downwards
  /// Of the axes each cell shows the setting with the best validation score alone; the test score
  /// is not looked at.
  bool select_valid = false;
  std::string caption;  ///< instead of the title
  bool paper = true;    ///< with the printed figures
};

/// One experiment, at one point of the axes that are laid out as columns.
struct Column {
  Point point;  ///< (key, value)
  std::string experiment, title, dataset;
  Metric metric = Metric::test_error;
  int decimals = 2;                         ///< to show
  std::optional<std::string> paper_column;  ///< of its first cell
  std::vector<std::string> absent;          ///< files of the data that are not at hand
  double grid = 0;                          ///< of the metric: `metric_grid`
};

/// The runs of one row in one column.
struct Entry {
  std::vector<const RunData*> runs;  ///< planned; none: not planned
  const sweep::Job* job = nullptr;   ///< the first run's
  Summary ours, valid;               ///< the metric on the test and the validation part
  std::optional<Figure> paper;       ///< only where the configuration is the one of the paper's row
  std::optional<double> difference;  ///< ours − paper, when both are there
  bool best = false;    ///< lowest of its group and setting in this column, or shown as equal to it
  std::string setting;  ///< data and network: what differs in it is not compared
  std::string chosen;   ///< with `select_valid`: the setting, "learning_rate=0.01"
  std::optional<ModelSize> size;
  std::optional<double> file_bytes;  ///< exported, where the layout asks for it
  std::optional<double> step_ms;     ///< lowest of the timed runs, the undisturbed ones if any is
  bool disturbed = false;            ///< whether step_ms is of a disturbed run

  std::size_t planned() const { return runs.size(); }
};

/// One method, at one point of the sweep's grid.
struct Row {
  std::string method;
  std::string title;
  Point point;  ///< the other keys
  /// Methods that are compared: as many bits for a weight and scales for a group.
  std::pair<int, int> group;
  std::string block;           ///< data and network in words, where rows differ in them
  std::vector<Entry> entries;  ///< one for each column
};

/// Where completed runs come from: distinct values.
struct Origin {
  std::set<std::string> versions, commits, cpus, threads, libtorch, blas, devices, hosts;
  std::set<std::string> times;  ///< when the records were written, ISO 8601

  bool empty() const { return times.empty(); }
};

/// A sweep's results beside the paper's, in no format yet.
struct Table : Protocol {
  std::shared_ptr<const SweepData> data;  ///< the runs that entries point to
  Layout layout;
  std::string name, title;
  std::vector<std::string> notes;   ///< of the plan, and what was chosen
  std::optional<PaperTable> paper;  ///< where the printed figures come from
  std::vector<std::string> axes;    ///< keys that have a value for each row, beside the method
  std::vector<std::string>
      column_axes;  ///< keys that have one for each column, beside the experiment
  std::vector<Column> columns;
  std::vector<Row> rows;
  Origin origin;
  std::string verdict;  ///< one line: how it compares with the print or a reference; "" for neither

  /// That of all columns. None: there is no column, or they differ.
  std::optional<Metric> metric() const;
  /// Whether any entry passes the test.
  template <typename Test>
  bool any(Test test) const {
    return std::ranges::any_of(
        rows, [&](const Row& row) { return std::ranges::any_of(row.entries, test); });
  }
  bool has_figures() const {
    return any([](const Entry& entry) { return entry.paper.has_value(); });
  }
};

/// Lays out what runs hold beside the paper's figures. A figure is given where the dataset (or what
/// the plan's `columns` name) has a column in the paper's table, the method a row, and the rest of
/// the point is the method's own configuration. Words that change a run's configuration leave the
/// paper's protocol. Errors (usage): the plan's paper table is unknown or broken, an unknown
/// metric.
Table make_table(std::shared_ptr<const SweepData> data, const std::filesystem::path& configs,
                 const Layout& layout = {});

/// Metrics that a cell can show: test_error, valid_error, step_ms, size …
std::vector<std::string> measure_names();
/// The metric's values over an entry's runs; `score` is that of the column.
Summary measure(const Entry& entry, const std::string& name, Metric score);

/// As people read it: results, training and size, or the metrics that were asked for; with links
/// to the places of runs on a page (`series_anchor`).
Document document(const Table& table);

/// "LATe, quantizer.bits=3".
std::string row_name(const Row& row);
/// "3" runs, or "2 of 3" where some have no result.
std::string count_text(const Entry& entry);
/// Where a page lists the runs of a series, by the index of its first job.
std::string series_anchor(std::size_t first_job);

/// The tables as the text of a file, UTF-8, ending with a line feed, as `md`, `latex`, `csv` or
/// `json`. CSV (RFC 4180) has a line for each row and column of each table, with full precision;
/// JSON everything that is known, a list where there are several tables.
std::string render(const std::vector<Table>& tables, const std::string& format);

}  // namespace laq::analysis
