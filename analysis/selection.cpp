#include "analysis/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "analysis/wording.hpp"
#include "core/error.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

std::set<std::int64_t> scored_seeds(const std::vector<const RunData*>& runs) {
  std::set<std::int64_t> seeds;
  for (const auto* run : runs) {
    if (run->completed() && run->valid) seeds.insert(run->seed);
  }
  return seeds;
}

// Those that all settings have of which anything is completed.
std::set<std::int64_t> shared_seeds(const Settings& settings) {
  std::optional<std::set<std::int64_t>> shared;
  for (const auto& [point, runs] : settings) {
    const std::set<std::int64_t> seeds = scored_seeds(runs);
    if (seeds.empty()) continue;
    if (shared) {
      std::erase_if(*shared, [&](std::int64_t seed) { return !seeds.contains(seed); });
    } else {
      shared = seeds;
    }
  }
  return shared.value_or(std::set<std::int64_t>());
}

// The validation score by which a setting is compared.
Summary score_of(const std::vector<const RunData*>& runs, const std::set<std::int64_t>& shared) {
  auto judged = runs;
  if (!shared.empty())
    std::erase_if(judged, [&](const RunData* run) { return !shared.contains(run->seed); });
  return summary_of(judged, true);
}

}  // namespace

std::vector<std::pair<const Series*, Settings>> settings_of(const std::vector<Series>& series) {
  std::vector<std::pair<const Series*, Settings>> methods;
  for (const auto& one : series) {
    auto* method = find_in(methods, [&](const auto& known) {
      return known.first->experiment == one.experiment && known.first->method == one.method;
    });
    if (!method) method = &methods.emplace_back(&one, Settings());
    auto& runs = method->second.emplace_back(one.point(), std::vector<const RunData*>()).second;
    for (const auto& run : one.runs) runs.push_back(&run);
  }
  return methods;
}

Summary summary_of(const std::vector<const RunData*>& runs, bool validation) {
  std::vector<double> values;
  for (const auto* run : runs) {
    if (!run->completed() || (validation && !run->valid)) continue;
    values.push_back(validation ? *run->valid : run->value);
  }
  return summarize(values);
}

const Settings::value_type& best_on_validation(const Settings& settings) {
  const std::set<std::int64_t> shared = shared_seeds(settings);
  return *std::min_element(settings.begin(), settings.end(), [&](const auto& a, const auto& b) {
    const Summary left = score_of(a.second, shared), right = score_of(b.second, shared);
    return left.n > 0 && (right.n == 0 || left.mean < right.mean);
  });
}

std::vector<const Series*> chosen_series(const std::vector<Series>& series) {
  std::vector<const Series*> all;
  for (const auto& [first, settings] : settings_of(series)) {
    const Point& point = best_on_validation(settings).first;
    all.push_back(find_in(series, [&, one = first](const Series& other) {
      return other.experiment == one->experiment && other.method == one->method &&
             other.point() == point;
    }));
  }
  return all;
}

const Series* full_precision(const SweepData& data, const std::string& experiment) {
  for (const auto* one : chosen_series(data.series)) {
    if (one->experiment == experiment && !one->job.run.quantizer.method && one->completed() > 0)
      return one;
  }
  return nullptr;
}

std::size_t tried(const Settings& settings) {
  return static_cast<std::size_t>(std::ranges::count_if(settings, [](const auto& setting) {
    return std::ranges::any_of(
        setting.second, [](const RunData* run) { return run->completed() || run->diverged(); });
  }));
}

std::string words_of_point(const Point& point) {
  std::vector<std::string> words;
  for (const auto& [axis, value] : point) words.push_back(axis + "=" + value);
  return join(words, " ");
}

std::string choice_sentence(const sweep::Job& job, const Settings& settings,
                            const Settings::value_type& chosen) {
  const train::MetricFacts& judged = train::facts(metric_of(job.run));
  const std::string who =
      fmt::format("{} on {}", job.run.request.method, job.run.request.experiment);
  const std::set<std::int64_t> shared = shared_seeds(settings);
  const Summary score = score_of(chosen.second, shared);
  if (score.n == 0)
    return fmt::format("{}: none of {} settings is completed.", who, settings.size());
  const std::size_t done = tried(settings);
  const std::string of = done < settings.size() ? fmt::format("{} of {}", done, settings.size())
                                                : fmt::format("{}", settings.size());
  std::string by;
  if (score.n < scored_seeds(chosen.second).size()) by = " by " + named_seeds(shared);
  return fmt::format("{}: {} has the best validation {}{} ({:.{}f} {}) of {} settings.", who,
                     words_of_point(chosen.first), judged.word, by, score.mean, judged.decimals,
                     judged.unit, of);
}

void require_settings(const sweep::Plan& plan) {
  if (plan.grid.empty()) {
    throw usage_error(
        {.what = "the sweep has one setting of each method",
         .where = plan.name,
         .expected = "an axis to choose on, as in grid: {train.learning_rate: [...]}"});
  }
}

Tuning tune(const sweep::Plan& plan) {
  require_settings(plan);
  const SweepData data = read_sweep(plan);
  Tuning tuning;
  bool missing = false;
  for (const auto& series : data.series) {
    const RunData& first = *std::ranges::min_element(series.runs, {}, &RunData::seed);
    const bool judged = first.completed() || first.diverged();
    if (plan.jobs[first.job].done() && !judged) {
      throw Error({.what = "a setting cannot be judged: a finished run is of no use",
                   .where = first.folder.string(),
                   .found = first.why(),
                   .advice = "remove the folder; the sweep makes the run anew"});
    }
    missing = missing || !judged;
    if (!first.diverged()) tuning.jobs.push_back(first.job);
  }
  if (missing) return tuning;
  tuning.chosen = true;
  tuning.jobs.clear();
  for (const auto& [first, settings] : settings_of(data.series)) {
    const auto& chosen = best_on_validation(settings);
    tuning.sentences.push_back(choice_sentence(first->job, settings, chosen));
    if (summary_of(chosen.second, true).n == 0) continue;  // all have diverged
    for (const auto* run : chosen.second) tuning.jobs.push_back(run->job);
  }
  std::sort(tuning.jobs.begin(), tuning.jobs.end());
  return tuning;
}

std::vector<std::size_t> first_seeds(const sweep::Plan& plan) {
  std::map<std::string, std::size_t> first;  // by configuration
  for (std::size_t at = 0; at < plan.jobs.size(); ++at) {
    const auto known = first.try_emplace(plan.jobs[at].run.hash, at).first;
    if (plan.jobs[at].run.request.seed < plan.jobs[known->second].run.request.seed)
      known->second = at;
  }
  std::vector<std::size_t> jobs;
  for (const auto& [hash, at] : first) jobs.push_back(at);
  return jobs;
}

}  // namespace laq::analysis
