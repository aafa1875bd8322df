#pragma once

#include <filesystem>
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
};

/// How a plan differs from the frozen one.
struct Difference {
  std::vector<std::string> added;  ///< names of runs that are new
  std::vector<std::string> gone;   ///< of runs that the file had and has no longer
  /// Keys of runs that kept their name: "train.epochs 3 → 5", number of runs.
  std::map<std::string, std::size_t> changed;

  bool none() const { return added.empty() && gone.empty() && changed.empty(); }
  /// One line for a person.
  std::string text() const;
};

/// `<runs>/sweep-<label>`: the frozen plan and what was given to Slurm.
std::filesystem::path sweep_folder(const Plan& plan);

FrozenRun frozen_run(const Job& job, const Plan& plan);
FrozenPlan freeze(const Plan& plan);

/// What is new, gone or changed in `plan`. Words choose: runs that they leave out are not gone. Nor
/// are those of an experiment that was run instead, or in whose place another is run.
Difference difference(const FrozenPlan& frozen, const Plan& plan);

/// Nothing when there is no such file. Error: it cannot be read.
std::optional<FrozenPlan> read_frozen_plan(const std::filesystem::path& file);
void write_frozen_plan(const std::filesystem::path& file, const FrozenPlan& plan);

/// Freezes the plan when nothing is frozen in its folder; otherwise compares. With `extend` new
/// runs are added to what is frozen; so they are when a fallback is no longer (or newly) needed.
/// Returns what was added, as text. Error (usage): it differs, and how.
std::string settle_identity(const Plan& plan, bool extend);

nlohmann::json to_json(const std::vector<FrozenRun>& runs);
/// Error: a key is missing or of the wrong type.
std::vector<FrozenRun> frozen_runs_from(const nlohmann::json& json);

}  // namespace laq::sweep
