#include "analysis/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/selection.hpp"
#include "analysis/unicode.hpp"
#include "core/lists.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

template <typename List>
auto* find_series(List& list, const std::string& experiment, const std::string& method,
                  const Point& point) {
  return find_in(list, [&](const Series& one) {
    return one.experiment == experiment && one.method == method && one.point() == point;
  });
}

// A seed that has a result needs no other; one that lacks it in both sweeps keeps the first reason.
void add_series(const SweepData& sweep, Evidence& evidence) {
  for (const auto& one : sweep.series) {
    Series* known = find_series(evidence.series, one.experiment, one.method, one.point());
    if (!known) {
      evidence.series.push_back(one);
      continue;
    }
    for (const auto& run : one.runs) {
      RunData* same =
          find_in(known->runs, [&](const RunData& other) { return other.seed == run.seed; });
      if (!same) {
        known->runs.push_back(run);
      } else if (run.completed() && !same->completed()) {
        *same = run;
      }
    }
  }
}

void add_experiments(const sweep::Plan& plan, Evidence& evidence) {
  for (const auto& job : plan.jobs) {
    const std::string& name = job.run.request.experiment;
    if (find_in(evidence.experiments, [&](auto& other) { return other.experiment == name; }))
      continue;
    evidence.experiments.push_back({name, one_line(job.run.dataset.title), metric_of(job.run),
                                    train::metric_grid(job.run), train::metric_of_guess(job.run)});
  }
}

void tell_apart(std::vector<Studied>& experiments) {
  std::map<std::string, int> titles;
  for (const auto& one : experiments) ++titles[one.title];
  for (auto& one : experiments) {
    if (titles[one.title] > 1)
      one.title += fmt::format(" ({})", fs::path(one.experiment).stem().string());
  }
}

}  // namespace

const Series* Evidence::find(const std::string& experiment, const std::string& method,
                             const Point& point) const {
  return find_series(series, experiment, method, point);
}

std::vector<std::string> Evidence::shared_values(const std::string& experiment,
                                                 const std::string& axis, const std::string& left,
                                                 const std::string& right) const {
  std::vector<std::string> values;
  for (const auto& one : series) {
    const Point& point = one.point();
    const bool on_axis = one.experiment == experiment && one.method == left && point.size() == 1 &&
                         point.front().first == axis;
    if (on_axis && find(experiment, right, point)) values.push_back(point.front().second);
  }
  return values;
}

std::vector<std::string> choose_by_validation(Evidence& evidence) {
  std::vector<std::string> words;
  std::vector<Series> kept;
  for (const auto& [first, settings] : settings_of(evidence.series)) {
    const auto& chosen = best_on_validation(settings);
    if (settings.size() > 1) words.push_back(choice_sentence(first->job, settings, chosen));
    kept.push_back(*evidence.find(first->experiment, first->method, chosen.first));
    for (const auto& [axis, value] : kept.back().point()) evidence.tuned.insert(axis);
    const std::size_t done = tried(settings);
    kept.back().chosen_early = done > 0 && done < settings.size();
    kept.back().job.point.clear();
  }
  evidence.series = std::move(kept);
  return words;
}

std::vector<Evidence> gather(const std::vector<std::shared_ptr<const SweepData>>& sweeps) {
  std::vector<Evidence> all;
  for (const auto& sweep : sweeps) {
    const sweep::Plan& plan = *sweep->plan;
    Protocol protocol = protocol_of(plan);
    Evidence* evidence = find_in(all, [&](const Evidence& other) {
      return other.protocol.profile == protocol.profile &&
             other.protocol.departures == protocol.departures;
    });
    if (!evidence) {
      all.push_back({std::move(protocol), {}, {}, {}, {}});
      evidence = &all.back();
    }
    evidence->sweeps.push_back(plan.name);
    add_experiments(plan, *evidence);
    add_series(*sweep, *evidence);
  }
  for (auto& evidence : all) tell_apart(evidence.experiments);
  return all;
}

}  // namespace laq::analysis
