#pragma once

#include <string>
#include <vector>

#include "analysis/chart.hpp"
#include "analysis/run_data.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "record_support.hpp"
#include "support/scratch.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis::test {

/// A sweep file and a runs folder, which a test fills with histories of its own.
class Recorded {
 public:
  explicit Recorded(const std::string& sweep_yaml, std::vector<std::string> words = {}) {
    sweep::PlanRequest request;
    request.sweep = folder_.write("trial.yaml", sweep_yaml).string();
    request.words = std::move(words);
    request.runs = folder_ / "runs";
    plan_ = sweep::make_plan(laq::test::project_configs(), request);
  }

  void put(std::size_t job, const record::History& history, record::State state,
           const std::string& reason = "") const {
    write(plan_.jobs.at(job), history, state, reason);
  }
  void complete(std::size_t job, const record::History& history) const {
    put(job, history, record::State::completed);
  }
  void write(const sweep::Job& job, const record::History& history, record::State state,
             const std::string& reason = "") const {
    make_folder(job.folder);
    record::Provenance provenance = record::test::sample_provenance();
    provenance.experiment = job.run.request.experiment;
    provenance.method = job.run.request.method;
    provenance.config_hash = job.run.hash;
    provenance.seed = job.run.request.seed;
    record::write_run_record(job.folder / "run.h5", provenance, history);
    record::Status status = record::own_status(state);
    status.reason = reason;
    record::write_status(job.folder / "status.json", status);
  }

  const sweep::Plan& plan() const { return plan_; }
  SweepData data() const { return read_sweep(plan_); }
  const laq::test::Scratch& folder() const { return folder_; }

 private:
  laq::test::Scratch folder_;
  sweep::Plan plan_;
};

/// Epochs with these validation and test errors; the losses are a hundredth of them.
inline record::History history_of(const std::vector<std::pair<double, double>>& errors) {
  record::History history;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const auto [valid, test] = errors[i];
    history.epochs.append(static_cast<std::int64_t>(i) + 1, {{"train_loss", valid / 50},
                                                             {"valid_loss", valid / 100},
                                                             {"valid_error", valid},
                                                             {"test_loss", test / 100},
                                                             {"test_error", test}});
  }
  if (!errors.empty()) {
    history.final_values["test_error"] = errors.back().second;
    history.final_values["best_epoch"] = static_cast<std::int64_t>(errors.size());
  }
  return history;
}

/// The rows of a tab-separated table, the head first.
inline std::vector<std::vector<std::string>> rows_of(const std::string& table) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : split(table, '\n')) {
    if (!line.empty()) rows.push_back(split(line, '\t'));
  }
  return rows;
}

}  // namespace laq::analysis::test
