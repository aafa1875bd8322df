#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paper.hpp"
#include "record/run_record.hpp"
#include "record/status.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis {

/// One planned run and everything that its record holds.
struct RunData {
  std::size_t job = 0;  ///< index into the plan's jobs
  record::State state = record::State::queued;
  std::string reason;  ///< why it is not completed, or why its record is of no use
  /// Also of a run that is not completed. None: not there, unreadable or of another run.
  std::optional<record::RunRecord> record;

  bool completed() const { return state == record::State::completed && record.has_value(); }
  /// "completed", "not run", "without a usable record", "diverged" …
  std::string state_words() const;
};

/// All seeds of one method on one experiment at one point of the sweep's grid.
struct Series {
  std::size_t first_job = 0;
  std::string experiment, method;
  sweep::Job job;     ///< the first one
  std::string label;  ///< as short as the sweep allows: "LATe", "log, 3 bits, exact"
  std::vector<RunData> runs;

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
  const sweep::Plan* plan = nullptr;
  std::vector<std::string> experiments;
  std::vector<Series> series;  ///< in the order of the plan

  /// The dataset's title.
  std::string title_of(const std::string& experiment) const;
  Metric metric(const std::string& experiment) const;
  std::vector<const Series*> of(const std::string& experiment) const;
};

/// Reads all records of a plan, which must outlive the result. States are read anew. Never an error
/// because of a run: what cannot be read is named as such.
SweepData read_sweep(const sweep::Plan& plan);

/// "bits" of quantizer.bits.
std::string last_part(const std::string& key);
/// A value of an axis of the grid: "3 bits", "learning_rate 0.01", "exact".
std::string axis_words(const std::string& axis, const std::string& value);

/// The number that a point has on an axis of bits: 1 binary, 2 ternary, m of m-bit methods, 32 of
/// full precision. None for a rule that is not known.
std::optional<int> bits_of(const train::Run& run);
/// Whether its quantizer has an alternating solver.
bool alternates(const train::Run& run);

}  // namespace laq::analysis
