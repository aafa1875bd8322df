#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/paper.hpp"
#include "analysis/statistics.hpp"
#include "record/run_record.hpp"
#include "record/status.hpp"
#include "store/store.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis {

using sweep::Point;

/// One planned run and everything that its record holds.
struct RunData : store::Stored {
  std::size_t job = 0;  ///< index into the plan's jobs
  std::int64_t seed = 0;
  bool lacks_data = false;  ///< and was not started

  // Of completed runs.
  double value = 0;                    ///< the metric
  std::optional<double> valid = {};    ///< the same on the validation part
  std::optional<double> step_ms = {};  ///< lowest of the epochs' median training steps
  /// Whether step_ms is not to be relied on: the epochs differ much, or another run of the plan was
  /// under way on the same machine.
  bool disturbed = false;
  /// "NVIDIA H100", "AMD EPYC, 1 thread"; all of them where it was resumed on another.
  std::string machine = {};
  bool timed = true;                  ///< on the one machine that the sweep's times are of
  std::optional<double> rounds = {};  ///< of an alternating solver, mean over layers and epochs
  /// Between which shares of its recorded solves took all the rounds that there are; of tensors
  /// with several groups the record has the mean over them only.
  std::optional<Interval> capped = {};

  bool diverged() const { return state == record::State::diverged; }
  /// "completed", "not run", "unreadable", "diverged" …
  std::string state_words() const;
  /// The same, but "missing" where its data is.
  std::string short_why() const;
  /// Why it has no result, in one line that begins with the state.
  std::string why() const;
  /// A final value of a completed run.
  std::optional<double> final_number(const std::string& key) const;
};

/// All seeds of one method on one experiment at one point of the sweep's grid.
struct Series {
  std::size_t first_job = 0;
  std::string experiment, method;
  sweep::Job job;     ///< the first one
  std::string label;  ///< as short as the sweep allows: "LATe", "log, 3 bits, exact"
  std::vector<RunData> runs;
  /// Chosen by its validation score before all settings were tried.
  bool chosen_early = false;

  const Point& point() const { return job.point; }
  /// Of the completed runs; where there are none, of those that have recorded an epoch.
  std::vector<const record::History*> histories() const;
  std::size_t completed() const;
  /// The label with what is wrong: "LATe (diverged)", "LATe (2 of 3 runs)".
  std::string honest_label() const;
  /// Values of the metric, one for each completed run that has it.
  std::vector<double> finals(const std::string& name) const;
};

/// Everything that the runs of a plan have recorded.
struct SweepData {
  std::shared_ptr<const sweep::Plan> plan;
  std::vector<std::string> experiments;
  std::vector<Series> series;  ///< in the order of the plan
  std::string timed_on;        ///< the machine of most completed runs: times are of its runs alone

  /// A sentence that says so, where runs are from several machines; otherwise "".
  std::string times_sentence() const;
  /// The dataset's title.
  std::string title_of(const std::string& experiment) const;
  Metric metric(const std::string& experiment) const;
  std::vector<const Series*> of(const std::string& experiment) const;
};

/// Reads what the records of a plan's runs hold. Never an error because of a run: what cannot be
/// used is named as such. Without a store the runs are read for this call alone.
SweepData read_sweep(const sweep::Plan& plan, store::Store& store);
SweepData read_sweep(const sweep::Plan& plan);

/// "seeds 2, 3 not run", one for each reason, of the runs without a result.
std::vector<std::string> missing_seeds(const std::vector<const RunData*>& runs);

/// "mnist/late-7bc5d4b8" of the folder of a run.
std::string configuration_of(const std::filesystem::path& run);

/// "bits" of quantizer.bits.
std::string last_part(const std::string& key);
/// A value of an axis of the grid: "3 bits", "learning_rate 0.01", "exact".
std::string axis_words(const std::string& axis, const std::string& value);

/// Whether its quantizer has an alternating solver.
bool alternates(const train::Run& run);

}  // namespace laq::analysis
