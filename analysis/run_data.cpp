#include "analysis/run_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/collect.hpp"
#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "train/method_title.hpp"

namespace laq::analysis {
namespace {

constexpr int kFullPrecision = 32;

// A completed run whose record is of no use becomes a failed one.
RunData read_run(const sweep::Plan& plan, std::size_t index) {
  sweep::Job job = plan.jobs[index];
  sweep::refresh(job);
  RunData run{index, job.state, one_line(job.reason), {}};
  const auto file = job.folder / "run.h5";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    if (run.state == record::State::completed) run.reason = "its record is missing";
    return run;
  }
  try {
    run.record = sweep::read_record(job);
  } catch (const std::exception& error) {
    run.reason = one_line(reason_of(error));
  }
  return run;
}

// What tells the series of a plan apart.
struct Naming {
  bool methods;  // more than one
  std::vector<std::string> axes;
};

std::string label_of(const sweep::Job& job, const Naming& naming) {
  std::vector<std::string> parts;
  const bool titled = naming.methods || naming.axes.empty();
  if (titled) parts.push_back(one_line(job.run.method_title));
  for (const auto& [axis, value] : job.point) {
    if (titled && train::is_told_by_title(axis)) continue;
    if (std::find(naming.axes.begin(), naming.axes.end(), axis) == naming.axes.end()) continue;
    parts.push_back(axis_words(axis, value));
  }
  return join(parts);
}

Naming naming_of(const sweep::Plan& plan) {
  Naming naming{plan.methods.size() > 1, {}};
  for (const auto& [axis, values] : plan.grid) {
    if (values.size() > 1) naming.axes.push_back(axis);
  }
  return naming;
}

}  // namespace

std::string last_part(const std::string& key) {
  return key.substr(key.rfind('.') == std::string::npos ? 0 : key.rfind('.') + 1);
}

std::string axis_words(const std::string& axis, const std::string& value) {
  const bool word = value.find_first_of("0123456789") == std::string::npos;
  const std::string key = last_part(axis);
  return one_line(word            ? value
                  : key == "bits" ? value + (value == "1" ? " bit" : " bits")
                                  : key + " " + value);
}

std::string RunData::state_words() const {
  if (state == record::State::queued) return "not run";
  if (state == record::State::completed && !record) return "without a usable record";
  return record::state_name(state);
}

std::size_t Series::completed() const {
  return static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [](const RunData& run) { return run.completed(); }));
}

std::vector<const record::History*> Series::histories() const {
  const bool whole = completed() > 0;
  std::vector<const record::History*> all;
  for (const auto& run : runs) {
    const bool wanted = whole ? run.completed() : run.record && run.record->history.epochs.rows();
    if (wanted) all.push_back(&run.record->history);
  }
  return all;
}

std::string Series::honest_label() const {
  if (completed() == runs.size()) return label;
  if (completed() > 0) return fmt::format("{} ({} of {} runs)", label, completed(), runs.size());
  return fmt::format("{} ({})", label, runs.front().state_words());
}

std::vector<double> Series::finals(const std::string& name) const {
  std::vector<double> values;
  for (const auto& run : runs) {
    if (!run.completed()) continue;
    const auto value = run.record->history.final_number(name);
    if (value && std::isfinite(*value)) values.push_back(*value);
  }
  return values;
}

std::string SweepData::title_of(const std::string& experiment) const {
  const auto title = [&](const std::string& name) {
    for (const auto& one : series) {
      if (one.experiment == name) return one_line(one.job.run.dataset.title);
    }
    return name;
  };
  const std::string own = title(experiment);
  const bool shared = std::any_of(experiments.begin(), experiments.end(), [&](const auto& name) {
    return name != experiment && title(name) == own;
  });
  return shared ? own + " (" + experiment + ")" : own;
}

Metric SweepData::metric(const std::string& experiment) const {
  return metric_of(of(experiment).front()->job.run);
}

std::vector<const Series*> SweepData::of(const std::string& experiment) const {
  std::vector<const Series*> all;
  for (const auto& one : series) {
    if (one.experiment == experiment) all.push_back(&one);
  }
  return all;
}

SweepData read_sweep(const sweep::Plan& plan) {
  SweepData data;
  data.plan = &plan;
  const Naming naming = naming_of(plan);
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const sweep::Job& job = plan.jobs[i];
    const train::RunRequest& request = job.run.request;
    if (std::find(data.experiments.begin(), data.experiments.end(), request.experiment) ==
        data.experiments.end())
      data.experiments.push_back(request.experiment);
    auto at = std::find_if(data.series.begin(), data.series.end(), [&](const Series& known) {
      return known.experiment == request.experiment && known.method == request.method &&
             known.job.point == job.point;
    });
    if (at == data.series.end()) {
      data.series.push_back(
          {i, request.experiment, request.method, job, label_of(job, naming), {}});
      at = data.series.end() - 1;
    }
    at->runs.push_back(read_run(plan, i));
  }
  return data;
}

std::optional<int> bits_of(const train::Run& run) {
  if (!run.quantizer.method) return kFullPrecision;
  const auto quantizer = run.canonical.find("quantizer");
  if (quantizer == run.canonical.end()) return std::nullopt;
  if (const auto bits = quantizer->find("bits"); bits != quantizer->end() && bits->is_number())
    return bits->get<int>();
  const std::string rule = quantizer->value("rule", "");
  const std::string levels = quantizer->value("levels", "");
  if (levels == "binary") return 1;
  if (levels == "ternary" || rule == "ttq") return 2;
  return std::nullopt;
}

bool alternates(const train::Run& run) {
  const auto quantizer = run.canonical.find("quantizer");
  return quantizer != run.canonical.end() && quantizer->value("solver", "") == "alternating";
}

}  // namespace laq::analysis
