#include "analysis/run_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "analysis/step_time.hpp"
#include "analysis/unicode.hpp"
#include "analysis/wording.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "quant/alternating.hpp"
#include "train/method_title.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

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

std::string machine_of(const record::RunRecord& record) {
  std::vector<std::string> names;
  for (const record::Process& by : record.processes()) {
    if (by.threads == 0) continue;  // of a part of which nothing is known
    const std::string cpu =
        by.cpu_model + ", " + counted(static_cast<std::size_t>(by.threads), "thread");
    add_once(names, one_line(by.device != "cpu" ? by.device : cpu));
  }
  return join(names, ", then ");
}

RunData read_run(const sweep::Plan& plan, std::size_t index, store::Store& store) {
  const sweep::Job& job = plan.jobs[index];
  RunData run{store.of(job), index, job.run.request.seed};
  // A run that could not even write its status is known to the plan alone.
  if (run.state == record::State::queued && job.state != record::State::queued) {
    run.state = job.state;
    run.reason = job.reason;
  }
  run.reason = one_line(run.reason);
  run.lacks_data =
      run.state == record::State::queued && plan.absent.contains(job.run.request.experiment);
  if (!run.completed()) return run;
  const record::History& history = run.record->history;
  const train::MetricFacts& judged = train::facts(metric_of(job.run));
  run.value = *history.final_number(judged.test);
  run.valid = history.final_number(judged.valid);
  if (const auto step = step_time(history)) {
    run.step_ms = step->ms;
    run.disturbed = !step->steady;
  }
  run.machine = machine_of(*run.record);
  run.rounds = rounds_of(history);
  if (run.rounds && job.run.quantizer.method)
    run.capped = capped_of(history, *job.run.quantizer.method);
  return run;
}

// Marks the runs that were under way at the same time on the same machine.
void mark_disturbed(std::vector<Series>& series) {
  std::vector<std::pair<RunData*, Spell>> all;
  for (auto& one : series) {
    for (auto& run : one.runs) {
      const auto spell = run.completed() ? spell_of(*run.record) : std::nullopt;
      if (spell) all.emplace_back(&run, *spell);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      const auto host = [&](std::size_t k) {  // virtual machines may share a name
        const record::Provenance& by = all[k].first->record->provenance;
        return std::pair(by.host, by.cpu_model);
      };
      if (host(i) == host(j) && all[i].second.overlaps(all[j].second))
        all[i].first->disturbed = all[j].first->disturbed = true;
    }
  }
}

// Times of several machines are not compared: those of the one with most runs count.
void choose_machine(SweepData& data) {
  std::map<std::string, std::size_t> runs;
  for (const auto& series : data.series) {
    for (const auto& run : series.runs) {
      if (run.step_ms) ++runs[run.machine];
    }
  }
  if (runs.empty()) return;
  data.timed_on =
      std::ranges::max_element(runs, {}, [](const auto& one) { return one.second; })->first;
  for (auto& series : data.series) {
    for (auto& run : series.runs) run.timed = run.machine == data.timed_on;
  }
}

std::string label_of(const sweep::Job& job, const sweep::Plan& plan) {
  std::vector<std::string> parts, axes;  // the latter tell series apart
  for (const auto& [axis, values] : plan.grid) {
    if (values.size() > 1) axes.push_back(axis);
  }
  const bool titled = plan.methods.size() > 1 || axes.empty();
  if (titled) parts.push_back(one_line(job.run.method_title));
  for (const auto& [axis, value] : job.point) {
    if (!has(axes, axis) || (titled && train::is_told_by_title(axis))) continue;
    parts.push_back(axis_words(axis, value));
  }
  return join(parts);
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
  return state == record::State::queued ? "not run" : Stored::state_words();
}

std::string RunData::short_why() const {
  return lacks_data ? "missing" : state_words();
}

std::string RunData::why() const {
  if (lacks_data) return "not run: its data is not at hand";
  const std::string words = short_why();
  if (state == record::State::queued) return words;
  // "diverged" and "diverged at epoch 3" make one phrase.
  if (reason.empty() || reason.starts_with(words)) return reason.empty() ? words : reason;
  return words + (reason.starts_with("at ") ? " " : ": ") + reason;
}

std::optional<double> RunData::final_number(const std::string& key) const {
  const auto found = completed() ? record->history.final_number(key) : std::nullopt;
  return found && std::isfinite(*found) ? found : std::nullopt;
}

std::vector<std::string> missing_seeds(const std::vector<const RunData*>& runs) {
  std::vector<std::pair<std::string, std::set<std::int64_t>>> seeds;  // by reason
  for (const auto* run : runs) {
    if (!run->completed()) under(seeds, run->why()).insert(run->seed);
  }
  std::vector<std::string> words;
  for (const auto& [why, those] : seeds) words.push_back(named_seeds(those) + " " + why);
  return words;
}

std::string configuration_of(const std::filesystem::path& run) {
  const auto folder = run.parent_path();
  return (folder.parent_path().filename() / folder.filename()).generic_string();
}

std::size_t Series::completed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(runs, [](const RunData& run) { return run.completed(); }));
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
    if (const auto value = run.final_number(name)) values.push_back(*value);
  }
  return values;
}

std::string SweepData::title_of(const std::string& experiment) const {
  const auto title = [&](const std::string& name) {
    return one_line(of(name).front()->job.run.dataset.title);
  };
  const std::string own = title(experiment);
  const bool shared = std::ranges::any_of(
      experiments, [&](const auto& name) { return name != experiment && title(name) == own; });
  return shared ? fmt::format("{} ({})", own, fs::path(experiment).stem().string()) : own;
}

std::string SweepData::times_sentence() const {
  std::size_t all = 0, timed = 0;
  for (const auto& one : series) {
    for (const auto& run : one.runs) {
      all += run.completed();
      timed += run.completed() && run.timed;
    }
  }
  if (timed == all) return "";
  return fmt::format("Times are of the {} of {} runs on one machine: {}.", timed, all, timed_on);
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

SweepData read_sweep(const sweep::Plan& read, store::Store& store) {
  SweepData data;
  data.plan = std::make_shared<const sweep::Plan>(read);
  const sweep::Plan& plan = *data.plan;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const sweep::Job& job = plan.jobs[i];
    const train::RunRequest& request = job.run.request;
    add_once(data.experiments, request.experiment);
    Series* series = find_in(data.series, [&](const Series& known) {
      return known.experiment == request.experiment && known.method == request.method &&
             known.job.point == job.point && known.job.run.hash == job.run.hash;
    });
    if (!series) {
      series = &data.series.emplace_back(
          Series{i, request.experiment, request.method, job, label_of(job, plan), {}});
    }
    series->runs.push_back(read_run(plan, i, store));
  }
  mark_disturbed(data.series);
  choose_machine(data);
  return data;
}

SweepData read_sweep(const sweep::Plan& plan) {
  store::Store store;
  return read_sweep(plan, store);
}

bool alternates(const train::Run& run) {
  const auto quantizer = run.canonical.find("quantizer");
  return quantizer != run.canonical.end() && quantizer->value("solver", "") == "alternating";
}

}  // namespace laq::analysis
