#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "record/run_record.hpp"
#include "record/status.hpp"
#include "sweep/axes.hpp"
#include "train/experiment.hpp"

namespace laq::sweep {

/// One run of a sweep and what is known of it.
struct Job {
  train::Run run;
  std::filesystem::path folder = {};            ///< below the runs folder
  record::State state = record::State::queued;  ///< `queued` also when nothing is there yet
  std::string reason = {};                      ///< why it is not completed
  Point point = {};                             ///< on the sweep's extra axes
  double sign = 0;                 ///< the heartbeat of the status that was read; 0: there was none
  std::string method_source = {};  ///< hash of the method's source, of a finished run that tells it
  bool changed_by_words = false;   ///< the words for all runs make it another run
  /// So do its coordinates, but for those that the plan names as columns of the paper's table.
  bool changed_by_point = false;

  bool done() const { return state == record::State::completed; }
  /// Nothing is left to be run, and no data is needed to show it.
  bool has_outcome() const { return done() || state == record::State::diverged; }
};

/// A sweep file, expanded.
struct Plan {
  std::string name;       ///< file stem, or the name it was given: the folder below results/
  std::string label;      ///< the name, with the profile when it is not the sweep's own
  std::string file = {};  ///< the sweep's, by name or path, as it was asked for
  std::string title;
  std::string
      paper_table;  ///< key in configs/paper/tables.yaml; "" when the sweep is not in the papers
  train::Profile profile;
  std::vector<std::string> experiments, methods;  ///< in the file's order
  Values listed;                                  ///< methods of the file, whatever the words say
  /// Columns of the paper's table where they are not the datasets' own: experiment or axis=value,
  /// column.
  Pairs columns;
  std::vector<Axis> grid;  ///< extra axes, zipped ones too
  std::vector<std::string>
      notes;  ///< what was changed on the way, for the reader (a fallback that was taken)
  /// Experiment, experiment that is run instead: those of the file, and those that were taken.
  Pairs fallbacks, fallbacks_taken;
  /// Experiments whose data is not at hand: the files that are not there.
  std::map<std::string, std::vector<std::string>> absent;
  std::vector<std::string> words;  ///< the words of the command line
  Pairs slurm;                     ///< options of sbatch
  std::vector<Job> jobs;  ///< experiments × methods × points × seeds without what is excluded
  std::filesystem::path runs;  ///< the runs folder
  /// Where its figures and its page go: results/<label>, or its folder below a runs folder that was
  /// given, which it may share with other sweeps.
  std::filesystem::path results;
};

struct PlanRequest {
  std::string sweep;                    ///< name below configs/sweeps, or a path
  std::string profile;                  ///< "" keeps the sweep's own
  std::string name;                     ///< "" means the file's stem
  std::vector<std::string> words;       ///< `axis=a,b`, `axis=range(2,5)` or `key=value`
  std::filesystem::path runs;           ///< "" means results/<name>/runs, or <name>-<profile> when
                                        ///< the profile is not the sweep's own
  data::DataPaths data;                 ///< to decide about fallbacks, and to say what is absent
  std::function<void(Job&)> look = {};  ///< how a job's state is found out; none: `refresh`
};

/// Expands a sweep file: `title`, `table`, `profile`, `experiments`, `methods`, `seeds`, `grid`
/// (key: values; every combination), `zip` (a map, or a list of maps, of axes whose values go
/// together), `exclude` (a map, or a list of maps, of axis: value or values; runs with all of them
/// are left out), `overrides` (key: value, for all runs), `columns` (experiment, or axis=value:
/// column of the paper's table, where it is not the dataset's), `fallbacks` (experiment: experiment
/// to run, where the data of the first is not at hand, instead of its runs that have no outcome
/// yet), `slurm` (options of sbatch). Values are lists, "a,b" or "range(2,5)". Words replace an
/// axis (experiment, method, seed or an extra one), add one, or set a key for all runs. Every job's
/// state is read from its folder. Errors (usage): a column or exclusion of what the sweep does not
/// run, a combination without meaning (named), a run that it has twice (the same configuration and
/// seed, however written); else as `train::resolve`.
Plan make_plan(const std::filesystem::path& configs, const PlanRequest& request);

/// A status that says `running` although its process, on this machine, is gone becomes
/// `interrupted`.
void settle(record::Status& status);

/// Reads a job's state from its status.json: completed, failed, … ; a run whose process is gone
/// counts as interrupted, and what another run left there (a copied or renamed folder) as failed.
void refresh(Job& job);

/// The record of a job. Errors: those of `read_run_record`, or it is another run's.
record::RunRecord read_record(const Job& job);

/// `mnist late quantizer.bits=3 seed 1`
std::string job_name(const Job& job);

/// A run's overrides are the words for all runs, then one for each axis of the grid.
std::vector<config::Override> words_of(const Job& job);
std::vector<config::Override> point_of(const Job& job);

/// Finds out whether words and coordinates change a job's run, by today's files: a run that they
/// no longer resolve counts as changed.
void see_changes(const std::filesystem::path& configs, const Pairs& columns, Job& job);

/// The column of the paper's table that `columns` names for an experiment or axis=value, or null.
const std::string* named_column(const Pairs& columns, const std::string& name);

/// Files of an experiment's data that are not at hand. Errors as of `train::load_named`.
std::vector<std::string> absent_files(const std::filesystem::path& configs,
                                      const std::string& experiment, const data::DataPaths& paths);

/// "laq3_linear quantizer.bits=2, … are one quantizer", a sentence for each set of runs that differ
/// in the name of their levels only: two bits of linear or logarithmic levels are ternary.
std::vector<std::string> equal_quantizers(const std::vector<Job>& jobs);

}  // namespace laq::sweep
