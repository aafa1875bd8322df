#include "analysis_support.hpp"

#include <fmt/format.h>

#include "core/files.hpp"
#include "data/dataset_spec.hpp"
#include "record/run_record.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis::test {
namespace {

// Files with the names of a dataset's, and nothing in them.
void pretend_data(const std::filesystem::path& data_dir, const std::string& dataset) {
  const auto spec = data::load_dataset(configs(), dataset);
  make_folder(data_dir / spec.folder_name());
  for (const auto& file : spec.files)
    replace_file(data_dir / spec.folder_name() / file.name, std::string_view());
}

sweep::Job job_of(const sweep::Plan& plan, const Which& which) {
  for (const auto& job : plan.jobs) {
    const bool there = which.experiment.empty() || which.experiment == job.run.request.experiment;
    if (there && job.run.request.method == which.method && job.run.request.seed == which.seed &&
        job.point == which.point) {
      return job;
    }
  }
  throw Error({.what = "the sweep has no such job", .found = which.method});
}

}  // namespace

std::filesystem::path configs() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "configs";
}

Bench::Bench(std::string sweep_yaml, std::vector<std::string> words) : words_(std::move(words)) {
  replace_file(folder_ / "trial.yaml", sweep_yaml);
  for (const char* dataset : {"mnist", "fashion_mnist", "war_and_peace"})
    pretend_data(folder_ / "data", dataset);
}

sweep::Plan Bench::plan() const {
  sweep::PlanRequest request;
  request.sweep = (folder_ / "trial.yaml").string();
  request.words = words_;
  request.runs = runs();
  request.data.data_dir = folder_ / "data";
  return sweep::make_plan(configs(), request);
}

std::filesystem::path Bench::run_folder(const Which& which) const {
  return job_of(plan(), which).folder;
}

void Bench::write_record(const Which& which, const Measured& measured, const std::string& hash) {
  const sweep::Job job = job_of(plan(), which);
  record::Provenance provenance = record::test::sample_provenance();
  provenance.config_hash = hash.empty() ? job.run.hash : hash;
  provenance.experiment = job.run.request.experiment;
  provenance.method = which.method;
  provenance.seed = which.seed;
  provenance.git_commit = "0123456789abcdef0123456789abcdef01234567";
  provenance.git_dirty = false;
  provenance.device = measured.device;
  provenance.cpu_model = "A CPU (R) 100% & more_so";
  provenance.file_time = fmt::format("2026-01-{:02}T12:00:00Z", which.seed);
  record::History history;
  for (const std::int64_t epoch : {1, 2}) {
    history.epochs.append(epoch, {{"train_loss", 0.5}});
    if (!measured.rounds) continue;
    history.append_layer("dense1.weight", "rounds", *measured.rounds);
    history.append_layer("dense1.weight", "scales", std::vector<double>(measured.scales, 0.5));
  }
  for (std::size_t i = 0; i < measured.step_seconds.size(); ++i) {
    history.steps.append(static_cast<std::int64_t>(i) + 1, {{"seconds", measured.step_seconds[i]}});
  }
  if (measured.test_loss) history.final_values["test_loss"] = *measured.test_loss;
  if (measured.seconds) history.final_values["seconds"] = *measured.seconds;
  if (measured.test_error) history.final_values["test_error"] = *measured.test_error;
  if (measured.valid_error) history.final_values["valid_error"] = *measured.valid_error;
  if (measured.step_ms) history.final_values["step_ms"] = *measured.step_ms;
  if (measured.best_epoch) history.final_values["best_epoch"] = *measured.best_epoch;
  make_folder(job.folder);
  record::write_run_record(job.folder / "run.h5", provenance, history);
}

void Bench::complete(const Which& which, const Measured& measured) {
  write_record(which, measured);
  leave(which, State::completed, "");
}

void Bench::leave(const Which& which, State state, const std::string& reason) {
  const auto folder = run_folder(which);
  make_folder(folder);
  record::Status status = record::own_status(state);
  status.reason = reason;
  record::write_status(folder / "status.json", status);
}

Table make_table(const sweep::Plan& plan, const std::filesystem::path& configs,
                 const Layout& layout) {
  return analysis::make_table(std::make_shared<const SweepData>(read_sweep(plan)), configs, layout);
}

std::vector<ClaimReport> judge_claims(const std::filesystem::path& configs,
                                      const std::vector<sweep::Plan>& plans,
                                      const ClaimQuestion& question) {
  std::vector<std::shared_ptr<const SweepData>> sweeps;
  for (const auto& plan : plans)
    sweeps.push_back(std::make_shared<const SweepData>(read_sweep(plan)));
  return analysis::judge_claims(configs, sweeps, question);
}

Table Bench::table() const {
  return make_table(plan(), configs());
}

std::vector<RunData> missing_of(const Entry& entry) {
  std::vector<RunData> all;
  for (const auto* run : entry.runs) {
    if (!run->completed()) all.push_back(*run);
  }
  return all;
}

std::vector<RunData> results_of(const Entry& entry) {
  std::vector<RunData> all;
  for (const auto* run : entry.runs) {
    if (run->completed()) all.push_back(*run);
  }
  return all;
}

const Entry& entry(const Table& table, const std::string& method, const Point& point) {
  for (const auto& row : table.rows) {
    if (row.method == method && row.point == point) return row.entries.at(0);
  }
  throw Error({.what = "the table has no such row", .found = method});
}

}  // namespace laq::analysis::test
