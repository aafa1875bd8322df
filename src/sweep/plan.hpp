#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "record/status.hpp"
#include "train/experiment.hpp"

namespace laq::sweep {

/// One run of a sweep and what is known of it.
struct Job {
  train::Run run;
  std::filesystem::path folder;                 ///< below the runs folder
  record::State state = record::State::queued;  ///< `queued` also when nothing is there yet
  std::string reason;                           ///< why it is not completed
  /// The point on the sweep's extra axes, in order: ("quantizer.bits", "3").
  std::vector<std::pair<std::string, std::string>> point;

  bool done() const { return state == record::State::completed; }
};

/// A sweep file, expanded.
struct Plan {
  std::string name;  ///< file stem: the folder below results/
  std::string title;
  std::string
      paper_table;  ///< key in configs/paper/tables.yaml; "" when the sweep is not in the papers
  train::Profile profile;
  std::vector<std::string> experiments, methods;  ///< in the file's order
  /// Columns of the paper's table where they are not the datasets' own: experiment or axis=value,
  /// column.
  std::vector<std::pair<std::string, std::string>> columns;
  std::vector<std::pair<std::string, std::vector<std::string>>> grid;  ///< extra axes
  std::vector<std::string>
      notes;  ///< what was changed on the way, for the reader (a fallback that was taken)
  /// Experiments whose data is not at hand: the files that are not there.
  std::map<std::string, std::vector<std::string>> absent;
  std::vector<Job> jobs;       ///< experiments × methods × grid × seeds
  std::filesystem::path runs;  ///< the runs folder
};

struct PlanRequest {
  std::string sweep;               ///< name below configs/sweeps, or a path
  std::string profile;             ///< "" keeps the sweep's own
  std::vector<std::string> words;  ///< `axis=a,b`, `axis=range(2,5)` or `key=value`
  std::filesystem::path runs;      ///< "" means results/<name>/runs, or <name>-<profile> when
                                   ///< the profile is not the sweep's own
  data::DataPaths data;            ///< to decide about fallbacks, and to say what is absent
};

/// Expands a sweep file: `title`, `table`, `profile`, `experiments`, `methods`, `seeds`, `grid`
/// (key: values), `overrides` (key: value, for all runs), `columns` (experiment, or axis=value of
/// the grid: column of the paper's table, where it is not the dataset's), `fallbacks` (experiment:
/// experiment to run when the data of the first is not at hand). Words replace an axis (experiment,
/// method, seed or a key of `grid`), add one, or set a key for all runs. Every job's state is read
/// from its folder. Errors (usage): a column of what the sweep does not run; else as
/// `train::resolve`, naming the point.
Plan make_plan(const std::filesystem::path& configs, const PlanRequest& request);

/// A status that says `running` although its process, on this machine, is gone becomes
/// `interrupted`.
void settle(record::Status& status);

/// Reads a job's state from its status.json: completed, failed, … ; a run whose process is gone
/// counts as interrupted.
void refresh(Job& job);

/// Values of an axis word: "a,b,c", "range(2,5)" (2, 3, 4: the end is excluded, as in Hydra) or one
/// value; commas in brackets do not separate.
std::vector<std::string> axis_values(const std::string& text);

}  // namespace laq::sweep
