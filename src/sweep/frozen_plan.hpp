#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sweep/plan.hpp"

namespace laq::sweep {

/// One run of a frozen plan: what it was resolved from and to.
struct FrozenRun {
  std::string experiment, method, profile;
  std::int64_t seed = 0;
  Values overrides;  ///< words, the sweep's own first
  Point point;
  std::string hash;       ///< of the resolved configuration
  std::string folder;     ///< below the runs folder
  bool by_words = false;  ///< asked for with words on the command line, not by the file alone
  /// As it ran; "" in plans of the first versions, which say nothing of the two that follow either.
  std::string title = {};
  bool changed_by_words = false, changed_by_point = false;  ///< as in `Job`

  /// As `job_name`.
  std::string name() const;
};

/// What a sweep was when it was started: kept beside its runs, so that a later call with another
/// file or other words can be told from one that goes on.
struct FrozenPlan {
  std::string sweep;  ///< its label
  std::string created, version, commit;
  std::vector<std::pair<std::string, std::string>> fallbacks_taken;
  std::vector<FrozenRun> runs;
  std::map<std::string, nlohmann::json> configurations;  ///< resolved, by hash
  std::string file = {}, title = {}, paper_table = {};   ///< as in `Plan`, like what follows
  Pairs columns = {}, fallbacks = {};
  std::vector<std::string> notes = {};
  Values listed = {};  ///< none in plans of the first versions
};

/// How a plan differs from the frozen one.
struct Difference {
  std::vector<std::string> added;  ///< names of runs that are new
  std::vector<std::string> gone;   ///< of runs that the file had and has no longer
  /// Keys of runs that kept their name: "train.epochs 3 → 5", number of runs.
  std::map<std::string, std::size_t> changed;
  /// Some runs, of any seed, are resolved from the same words to another configuration: a file was
  /// edited in between.
  bool edited = false;
  bool by_data = true;  ///< what is new is of experiments that a fallback stands for, or replaces

  bool none() const { return added.empty() && gone.empty() && changed.empty(); }
  /// One line for a person.
  std::string text() const;
};

/// `<runs>/sweep-<label>`: the frozen plan and what was given to Slurm.
std::filesystem::path sweep_folder(const Plan& plan);
/// Where its tables and figures go: results/<label> when its runs are in results/<label>/runs or
/// …/records, otherwise `sweep_folder`.
std::filesystem::path results_of(const Plan& plan);

FrozenRun frozen_run(const Job& job, const Plan& plan);
FrozenPlan freeze(const Plan& plan);

/// What is new, gone or changed in `plan`. Words choose: runs that they leave out are not gone. Nor
/// are those of an experiment that was run instead, or in whose place another is run.
Difference difference(const FrozenPlan& frozen, const Plan& plan);

/// How today's files differ from what was frozen: the sweep's own, or, where words were given, its
/// list of methods and the files that its runs were resolved from. "" when they do not. `today`
/// makes the sweep's plan of today.
std::string edits_since(const std::filesystem::path& configs, const FrozenPlan& frozen,
                        const std::function<Plan()>& today);

/// Nothing when there is no such file. Error: it cannot be read.
std::optional<FrozenPlan> read_frozen_plan(const std::filesystem::path& file);
void write_frozen_plan(const std::filesystem::path& file, const FrozenPlan& plan);

/// The plan that was frozen, over the runs folder that it lies in; states are not read. Runs are
/// what they were resolved to then; what the plan does not say (of the first versions) is taken
/// from today's files where they tell it. A run that cannot be read any more is left out, with a
/// note.
Plan recorded_plan(const std::filesystem::path& configs, const FrozenPlan& frozen,
                   const std::filesystem::path& runs);

/// Fills what follows from a plan's jobs: experiments, methods, the axes of the grid, the profile.
/// Jobs of one method, experiment and point that differ in words get these as coordinates.
void complete_from_jobs(Plan& plan);

/// Freezes the plan when nothing is frozen in its folder; otherwise compares. With `extend` new
/// runs are added to what is frozen; so are those on other data, when a fallback is no longer (or
/// newly) needed. Others that do the same to this folder wait. Returns what was added, as text.
/// Error (usage): it differs, and how.
std::string settle_identity(const Plan& plan, bool extend);

nlohmann::json to_json(const std::vector<FrozenRun>& runs);
/// Error: a key is missing or of the wrong type.
std::vector<FrozenRun> frozen_runs_from(const nlohmann::json& json);

}  // namespace laq::sweep
