#include "analysis/collect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "record/run_record.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis {
namespace {

constexpr const char* kUnreadable = "unreadable";

Missing missing_run(const sweep::Job& job, const std::string& state, const std::string& why) {
  // "diverged" and "diverged at epoch 3" make one phrase.
  const std::string reason = why.empty()              ? state
                             : why.starts_with(state) ? why
                             : why.starts_with("at ") ? state + " " + why
                                                      : state + ": " + why;
  return {job.run.request.seed, job.folder, state, one_line(reason)};
}

Missing missing_run(const sweep::Job& job) {
  if (job.state != record::State::queued) {
    return missing_run(job, record::state_name(job.state), job.reason);
  }
  return missing_run(job, job.reason.empty() ? "not run" : "missing", job.reason);
}

std::optional<double> number(const record::History& history, const std::string& key) {
  const auto found = history.final_values.find(key);
  if (found == history.final_values.end()) return std::nullopt;
  if (const auto* real = std::get_if<double>(&found->second)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&found->second)) {
    return static_cast<double>(*whole);
  }
  return std::nullopt;
}

Result read_result(const sweep::Job& job, const record::RunRecord& record, Metric metric) {
  const std::string& hash = record.provenance.config_hash;
  if (!job.run.hash.starts_with(hash)) {
    throw Error({.what = "the record is of another configuration",
                 .found = "hash " + hash.substr(0, 8),
                 .expected = job.run.hash.substr(0, 8)});
  }
  const auto value = number(record.history, metric_name(metric));
  if (!value || !std::isfinite(*value)) {
    throw Error({.what = fmt::format("the record has no {}{}", value ? "finite " : "",
                                     metric_name(metric))});
  }
  Result result{.seed = job.run.request.seed, .folder = job.folder, .value = *value};
  const auto step = number(record.history, "step_ms");
  if (step && std::isfinite(*step)) result.step_ms = step;
  if (const auto epoch = number(record.history, "best_epoch"); epoch && std::isfinite(*epoch)) {
    result.best_epoch = std::llround(*epoch);
  }
  return result;
}

void add_origin(const record::Provenance& from, Origin& origin) {
  const auto add = [](std::set<std::string>& set, const std::string& value) {
    if (!value.empty()) set.insert(one_line(value));
  };
  add(origin.versions, from.version);
  add(origin.commits, from.git_commit + (from.git_dirty ? " with local changes" : ""));
  add(origin.cpus, from.cpu_model);
  add(origin.threads, std::to_string(from.threads));
  add(origin.libtorch, from.libtorch_version);
  add(origin.blas, from.blas);
  add(origin.hosts, from.host);
  add(origin.times, from.file_time.empty() ? "unknown" : from.file_time);
}

sweep::Job refreshed(const sweep::Job& planned) {
  sweep::Job job = planned;
  sweep::refresh(job);
  // A run that could not even write its status is known to the plan alone.
  return job.state == record::State::queued ? planned : job;
}

void add_run(const sweep::Job& job, Metric metric, Cell& cell, Origin& origin) {
  const auto same = [&](const auto& other) { return other.folder == job.folder; };
  if (std::any_of(cell.results.begin(), cell.results.end(), same) ||
      std::any_of(cell.missing.begin(), cell.missing.end(), same)) {
    return;  // a method or seed that the sweep names twice
  }
  if (!job.done()) {
    cell.missing.push_back(missing_run(job));
    return;
  }
  try {
    const auto record = record::read_run_record(job.folder / "run.h5");
    cell.results.push_back(read_result(job, record, metric));
    add_origin(record.provenance, origin);
  } catch (const std::exception& error) {
    cell.missing.push_back(missing_run(job, kUnreadable, error.what()));
  }
}

template <typename Get>
std::optional<double> median_of(const std::vector<Result>& results, Get get) {
  std::vector<double> values;
  for (const auto& result : results) {
    if (const auto value = get(result)) values.push_back(static_cast<double>(*value));
  }
  return median(std::move(values));
}

}  // namespace

Summary Cell::summary() const {
  std::vector<double> values;
  for (const auto& result : results) values.push_back(result.value);
  return summarize(values);
}

std::optional<double> Cell::step_ms() const {
  return median_of(results, [](const Result& result) { return result.step_ms; });
}

std::optional<double> Cell::best_epoch() const {
  return median_of(results, [](const Result& result) { return result.best_epoch; });
}

Collection collect(const sweep::Plan& plan, Metric metric) {
  Collection all;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const train::RunRequest& request = plan.jobs[i].run.request;
    const Point& point = plan.jobs[i].point;
    auto cell = std::find_if(all.cells.begin(), all.cells.end(), [&](const Cell& known) {
      return known.experiment == request.experiment && known.method == request.method &&
             known.point == point;
    });
    if (cell == all.cells.end()) {
      all.cells.push_back({request.experiment, request.method, point, i, {}, {}});
      cell = all.cells.end() - 1;
    }
    add_run(refreshed(plan.jobs[i]), metric, *cell, all.origin);
  }
  return all;
}

}  // namespace laq::analysis
