#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analysis/paper.hpp"
#include "analysis/statistics.hpp"
#include "analysis/step_time.hpp"

namespace laq::sweep {
struct Plan;
}

namespace laq::analysis {

/// A completed run.
struct Result {
  std::int64_t seed = 0;
  std::filesystem::path folder;
  double value = 0;                    ///< the metric
  std::optional<double> valid = {};    ///< the same on the validation part
  std::optional<double> step_ms = {};  ///< lowest of the epochs' median training steps
  /// Whether step_ms is not to be relied on: the epochs differ much, or another run of the plan was
  /// under way on the same machine.
  bool disturbed = false;
  std::optional<double> rounds = {};  ///< of an alternating solver, mean over layers and epochs
  /// Between which shares of its recorded solves took all the rounds that there are; of tensors
  /// with several groups the record has the mean over them only.
  std::optional<Interval> capped = {};
  std::optional<std::int64_t> best_epoch = {};  ///< by its metric on the validation part
  std::string host = {};                        ///< the machine
  std::optional<Spell> spell = {};              ///< when it was under way there
};

/// A planned run without a result.
struct Missing {
  std::int64_t seed = 0;
  std::filesystem::path folder;
  std::string state;   ///< in a word or two: "not run", "failed", "unreadable" …
  std::string reason;  ///< in words, on one line; begins with the state
};

/// (axis, value), in the sweep's order.
using Point = std::vector<std::pair<std::string, std::string>>;

/// All seeds of one method on one experiment at one point of the sweep's grid.
struct Cell {
  std::string experiment, method;
  Point point;
  std::size_t first_job = 0;  ///< index into the plan's jobs
  std::string title;          ///< of the method as it ran
  std::vector<Result> results;
  std::vector<Missing> missing;

  std::size_t planned() const { return results.size() + missing.size(); }
  Summary summary() const;
  std::optional<double> step_ms() const;     ///< of the undisturbed runs if any, the lowest
  bool disturbed() const;                    ///< whether step_ms is of a disturbed run
  std::optional<double> rounds() const;      ///< mean over the runs
  std::optional<double> best_epoch() const;  ///< median over the runs
};

/// Where the completed runs come from: distinct values.
struct Origin {
  std::set<std::string> versions, commits, cpus, threads, libtorch, blas, devices, hosts;
  std::set<std::string> times;  ///< when the records were written, ISO 8601

  bool empty() const { return times.empty(); }
};

struct Collection {
  std::vector<Cell> cells;  ///< in the order of the plan
  Origin origin;
};

/// Reads the records of a plan's runs. States are read anew, since the plan may be older than the
/// runs. A record that cannot be read, is of another run or lacks the run's metric is a
/// missing run with that reason, never an error.
Collection collect(const sweep::Plan& plan);

}  // namespace laq::analysis
