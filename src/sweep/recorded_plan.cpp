#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/yaml.hpp"
#include "core/error.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "sweep/frozen_plan.hpp"
#include "sweep/sweep_file.hpp"
#include "train/recorded_run.hpp"

namespace laq::sweep {
namespace fs = std::filesystem;
namespace {

/// The frozen runs as jobs; each configuration is read once.
class Recorded {
 public:
  Recorded(const fs::path& configs, const FrozenPlan& frozen, Plan& plan)
      : configs_(configs), frozen_(frozen), plan_(plan) {}

  void add(const FrozenRun& frozen) {
    Job job{.run = run_of(frozen), .folder = plan_.runs / frozen.folder, .point = frozen.point};
    train::RunRequest& request = job.run.request;
    request = {frozen.experiment, frozen.method, frozen.profile, frozen.seed, {}};
    for (const auto& word : frozen.overrides)
      request.overrides.push_back(config::parse_override(word));
    job.changed_by_words = frozen.changed_by_words;
    job.changed_by_point = frozen.changed_by_point;
    if (frozen.title.empty()) {
      Job& first = changes_.try_emplace(frozen.hash, job).first->second;
      if (first.run.request.seed == frozen.seed) see_changes(configs_, plan_.columns, first);
      job.changed_by_words = first.changed_by_words;
      job.changed_by_point = first.changed_by_point;
    }
    plan_.jobs.push_back(std::move(job));
  }

 private:
  const train::Run& run_of(const FrozenRun& frozen) {
    const auto known = runs_.find(frozen.hash);
    if (known != runs_.end()) return known->second;
    const nlohmann::json& canonical = frozen_.configurations.at(frozen.hash);
    train::Run run = train::recorded_run(
        configs_, {frozen.experiment, frozen.method, frozen.profile, frozen.seed, {}},
        config::to_yaml(canonical), frozen.hash, frozen.title);
    run.canonical = canonical;
    return runs_.emplace(frozen.hash, std::move(run)).first->second;
  }

  const fs::path& configs_;
  const FrozenPlan& frozen_;
  Plan& plan_;
  std::map<std::string, train::Run> runs_;  // by hash
  std::map<std::string, Job> changes_;      // of plans that do not tell them
};

// Whether another run stands for this one: on the data that is run instead, or that is back.
bool gives_way(const FrozenRun& run, const FrozenPlan& frozen) {
  return std::any_of(frozen.fallbacks.begin(), frozen.fallbacks.end(), [&](const auto& rule) {
    const auto& taken = frozen.fallbacks_taken;
    const bool instead = std::find(taken.begin(), taken.end(), rule) != taken.end();
    const std::string& away = instead ? rule.first : rule.second;
    const std::string& shown = instead ? rule.second : rule.first;
    return run.experiment == away &&
           std::any_of(frozen.runs.begin(), frozen.runs.end(), [&](const FrozenRun& other) {
             return other.experiment == shown && other.method == run.method &&
                    other.seed == run.seed && other.point == run.point;
           });
  });
}

// What the first versions left to the sweep's file.
void add_head_of_today(const fs::path& configs, Plan& plan) {
  for (std::string name = plan.label;; name = name.substr(0, name.rfind('-'))) {
    try {
      const SweepFile file = read_sweep_file(train::load_named(configs, "sweeps", name), name);
      plan.title = file.title;
      plan.paper_table = file.paper_table;
      plan.columns = file.columns;
      return;
    } catch (const Error&) {
      if (name.find('-') == std::string::npos) return;  // a profile's name follows the sweep's
    }
  }
}

// Words that not all jobs have, by key.
std::set<std::string> differing_words(const std::vector<Job>& jobs) {
  std::map<std::string, std::size_t> counts;
  for (const auto& job : jobs) {
    for (const auto& word : words_of(job)) ++counts[word.text];
  }
  std::set<std::string> keys;
  for (const auto& [text, count] : counts) {
    if (count < jobs.size()) keys.insert(text.substr(0, text.find('=')));
  }
  return keys;
}

void make_coordinates(const std::set<std::string>& keys, Job& job) {
  std::vector<config::Override> shared, own;
  Point point;
  for (const auto& word : words_of(job)) {
    if (!keys.contains(word.key)) {
      shared.push_back(word);
      continue;
    }
    own.push_back(word);
    point.emplace_back(word.key, word.text.substr(word.key.size() + 1));
  }
  for (const auto& list : {own, point_of(job)})
    shared.insert(shared.end(), list.begin(), list.end());
  point.insert(point.end(), job.point.begin(), job.point.end());
  job.run.request.overrides = std::move(shared);
  job.point = std::move(point);
}

}  // namespace

void complete_from_jobs(Plan& plan) {
  if (const auto keys = differing_words(plan.jobs); !keys.empty()) {
    for (auto& job : plan.jobs) make_coordinates(keys, job);
  }
  plan.experiments.clear();
  plan.methods.clear();
  plan.grid.clear();
  for (const auto& job : plan.jobs) {
    add_once(plan.experiments, job.run.request.experiment);
    add_once(plan.methods, job.run.request.method);
    for (const auto& [key, value] : job.point) add_once(under(plan.grid, key), value);
  }
  if (!plan.jobs.empty()) plan.profile = plan.jobs.front().run.profile;
}

Plan recorded_plan(const fs::path& configs, const FrozenPlan& frozen, const fs::path& runs) {
  Plan plan;
  plan.name = plan.label = frozen.sweep;
  plan.file = frozen.file;
  plan.title = frozen.title;
  plan.paper_table = frozen.paper_table;
  plan.columns = frozen.columns;
  plan.fallbacks_taken = frozen.fallbacks_taken;
  plan.notes = frozen.notes;
  plan.runs = runs;
  plan.results = results_of(plan);
  if (plan.title.empty()) add_head_of_today(configs, plan);
  if (plan.title.empty()) plan.title = plan.label;
  Recorded recorded(configs, frozen, plan);
  std::vector<std::string> lost;
  std::string why;
  for (const auto& run : frozen.runs) {
    if (gives_way(run, frozen)) continue;
    try {
      recorded.add(run);
    } catch (const Error& error) {
      lost.push_back(run.name());
      why = error.what();
    }
  }
  if (!lost.empty()) {
    plan.notes.push_back(fmt::format("{} cannot be shown ({}): {}",
                                     counted(lost.size(), "planned run"), join_few(lost), why));
  }
  complete_from_jobs(plan);
  return plan;
}

}  // namespace laq::sweep
