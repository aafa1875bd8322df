#include "analysis/collect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "core/median.hpp"
#include "core/text.hpp"
#include "quant/alternating.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis {
namespace {

constexpr const char* kUnreadable = "unreadable";
constexpr const char* kNoData = "missing";

Missing missing_run(const sweep::Job& job, const std::string& state, const std::string& why) {
  // "diverged" and "diverged at epoch 3" make one phrase.
  const std::string reason = why.empty()              ? state
                             : why.starts_with(state) ? why
                             : why.starts_with("at ") ? state + " " + why
                                                      : state + ": " + why;
  return {job.run.request.seed, job.folder, state, one_line(reason)};
}

Missing missing_run(const sweep::Plan& plan, const sweep::Job& job) {
  if (job.state != record::State::queued)
    return missing_run(job, record::state_name(job.state), job.reason);
  const auto absent = plan.absent.find(job.run.request.experiment);
  if (absent == plan.absent.end()) return missing_run(job, "not run", "");
  return missing_run(job, kNoData, join(absent->second) + " not at hand");
}

// Mean over layers and epochs; none where no solver alternates.
std::optional<double> rounds_of(const record::History& history) {
  std::vector<double> all;
  for (const auto& [name, layer] : history.layers) {
    if (const auto* column = history.find(name, "rounds"))
      all.insert(all.end(), column->values.begin(), column->values.end());
  }
  const double mean = summarize(all).mean;
  return mean > 0 ? std::optional(mean) : std::nullopt;
}

// Rounds are recorded for the last step of each epoch. Of G groups with the mean m, at most G·m/10
// took 10 rounds, and at least G (m − 9) did: the others took 9 or fewer.
std::optional<Interval> capped_of(const record::History& history, const quant::Quantizer& method) {
  constexpr double kMost = quant::kMostRounds, kAlmost = 1e-6;  // m is a quotient, rounded
  double low = 0, high = 0, all = 0;
  for (const auto& [name, layer] : history.layers) {
    const auto* rounds = history.find(name, "rounds");
    const auto* scales = history.find(name, "scales");
    if (!rounds || !scales) continue;
    const auto groups = static_cast<double>(scales->width) / method.scale_count();
    for (const double mean : rounds->values) {
      low += std::max(0.0, std::ceil(groups * (mean - (kMost - 1)) - kAlmost));
      high += std::floor(groups * mean / kMost + kAlmost);
      all += groups;
    }
  }
  return all > 0 ? std::optional(Interval{low / all, high / all}) : std::nullopt;
}

Result read_result(const sweep::Job& job, const record::RunRecord& record, Metric metric) {
  const auto value = record.history.final_number(metric_name(metric));
  if (!value || !std::isfinite(*value)) {
    throw Error({.what = fmt::format("the record has no {}{}", value ? "finite " : "",
                                     metric_name(metric))});
  }
  Result result{.seed = job.run.request.seed, .folder = job.folder, .value = *value};
  result.valid = record.history.final_number(train::facts(metric).valid);
  if (const auto step = step_time(record.history)) {
    result.step_ms = step->ms;
    result.disturbed = !step->steady;
  }
  if (const auto epoch = record.history.final_number("best_epoch");
      epoch && std::isfinite(*epoch)) {
    result.best_epoch = std::llround(*epoch);
  }
  result.rounds = rounds_of(record.history);
  if (result.rounds && job.run.quantizer.method)
    result.capped = capped_of(record.history, *job.run.quantizer.method);
  result.host = record.provenance.host;
  result.spell = spell_of(record);
  return result;
}

void add_origin(const record::RunRecord& record, Origin& origin) {
  const auto add = [](std::set<std::string>& set, const std::string& value) {
    if (!value.empty()) set.insert(one_line(value));
  };
  for (const record::Process& by : record.processes()) {
    add(origin.versions, by.version);
    add(origin.commits, by.build());
    add(origin.cpus, by.cpu_model);
    add(origin.threads, by.threads > 0 ? std::to_string(by.threads) : "");
    add(origin.libtorch, by.libtorch_version);
    add(origin.blas, by.blas);
    add(origin.devices, by.device);
    add(origin.hosts, by.host);
  }
  const std::string& time = record.provenance.file_time;
  add(origin.times, time.empty() ? "unknown" : time);
}

sweep::Job refreshed(const sweep::Job& planned) {
  sweep::Job job = planned;
  sweep::refresh(job);
  // A run that could not even write its status is known to the plan alone.
  return job.state == record::State::queued ? planned : job;
}

void add_run(const sweep::Plan& plan, const sweep::Job& job, Cell& cell, Origin& origin) {
  if (!job.done()) {
    cell.missing.push_back(missing_run(plan, job));
    return;
  }
  try {
    const auto record = sweep::read_record(job);
    cell.results.push_back(read_result(job, record, metric_of(job.run)));
    add_origin(record, origin);
  } catch (const std::exception& error) {
    cell.missing.push_back(missing_run(job, kUnreadable, reason_of(error)));
  }
}

// Marks the runs that were under way at the same time on the same machine.
void mark_disturbed(std::vector<Cell>& cells) {
  std::vector<Result*> all;
  for (auto& cell : cells) {
    for (auto& result : cell.results) {
      if (result.spell) all.push_back(&result);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (all[i]->host != all[j]->host || !all[i]->spell->overlaps(*all[j]->spell)) continue;
      all[i]->disturbed = all[j]->disturbed = true;
    }
  }
}

// The undisturbed run with the lowest step time, or else any; null: none has a step time.
const Result* fastest(const std::vector<Result>& results) {
  const Result* best = nullptr;
  for (const auto& result : results) {
    if (!result.step_ms) continue;
    const auto order = [](const Result& one) { return std::pair(one.disturbed, *one.step_ms); };
    if (!best || order(result) < order(*best)) best = &result;
  }
  return best;
}

}  // namespace

Summary Cell::summary() const {
  std::vector<double> values;
  for (const auto& result : results) values.push_back(result.value);
  return summarize(values);
}

std::optional<double> Cell::step_ms() const {
  const Result* best = fastest(results);
  return best ? best->step_ms : std::nullopt;
}

bool Cell::disturbed() const {
  const Result* best = fastest(results);
  return best && best->disturbed;
}

std::optional<double> Cell::rounds() const {
  std::vector<double> values;
  for (const auto& result : results) {
    if (result.rounds) values.push_back(*result.rounds);
  }
  return values.empty() ? std::nullopt : std::optional(summarize(values).mean);
}

std::optional<double> Cell::best_epoch() const {
  std::vector<double> values;
  for (const auto& result : results) {
    if (result.best_epoch) values.push_back(static_cast<double>(*result.best_epoch));
  }
  return median(std::move(values));
}

Collection collect(const sweep::Plan& plan) {
  Collection all;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const train::RunRequest& request = plan.jobs[i].run.request;
    const Point& point = plan.jobs[i].point;
    auto cell = std::find_if(all.cells.begin(), all.cells.end(), [&](const Cell& known) {
      return known.experiment == request.experiment && known.method == request.method &&
             known.point == point;
    });
    if (cell == all.cells.end()) {
      all.cells.push_back({request.experiment,
                           request.method,
                           point,
                           i,
                           one_line(plan.jobs[i].run.method_title),
                           {},
                           {}});
      cell = all.cells.end() - 1;
    }
    add_run(plan, refreshed(plan.jobs[i]), *cell, all.origin);
  }
  mark_disturbed(all.cells);
  return all;
}

}  // namespace laq::analysis
