#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/compare.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "store/filter.hpp"
#include "store/store.hpp"

namespace laq::analysis {
namespace {

constexpr double kRoundsGrid = 0.01;  // as they are shown

// One side at one point: a method's runs.
struct Side {
  std::string who;
  const Series* series = nullptr;
};

// "TWN: seeds 2, 3 not run", one for each reason.
void add_missing(const Side& side, bool counted, std::set<std::filesystem::path>& diverged,
                 Gathered& all) {
  if (!side.series) {
    all.lacking.push_back(side.who + " is not in the sweeps");
    return;
  }
  if (side.series->chosen_early) {
    all.waiting = true;
    all.lacking.push_back(side.who + ": not all settings were tried");
  }
  for (const bool lost : {false, true}) {
    std::vector<const RunData*> runs;
    for (const auto& run : side.series->runs) {
      if (run.completed() || run.diverged() != lost) continue;
      runs.push_back(&run);
      if (lost) diverged.insert(run.folder);
    }
    all.waiting = all.waiting || (!lost && !runs.empty());
    for (const auto& words : missing_seeds(runs)) {
      all.lacking.push_back(side.who + ": " + words +
                            (lost && counted ? ", counts as a guess" : ""));
    }
  }
}

// What a seed's run measured; a run that diverged, what the claim lets it count as.
std::optional<Observation> score(const Series& series, std::int64_t seed,
                                 const ComparisonRule& rule, const Studied& where) {
  for (const auto& run : series.runs) {
    if (run.seed != seed) continue;
    if (run.completed()) return Observation{seed, run.value, {run.folder}};
    if (rule.divergence_fails && run.diverged())
      return Observation{seed, where.guess, {run.folder}};
  }
  return std::nullopt;
}

// What two runs must have in common, but for their methods, to be compared: "train.batch (100, 10)"
// of what they have not. `but`: keys that were chosen by validation.
std::vector<std::string> other_protocol(const train::Run& left, const train::Run& right,
                                        const std::set<std::string>& but) {
  const auto a = store::leaves(left.canonical), b = store::leaves(right.canonical);
  const auto value = [](const auto& leaves, const std::string& key) {
    const auto found = leaves.find(key);
    return found == leaves.end() ? std::string("none") : found->second;
  };
  std::set<std::string> keys;
  for (const auto* leaves : {&a, &b}) {
    for (const auto& [key, text] : *leaves) {
      const bool network = key.starts_with("model.") && key != "model.init";
      const bool data = key.starts_with("dataset.") || key.starts_with("data.");
      const bool training = key == "train.batch" || key == "train.epochs" || key == "train.loss" ||
                            key == "train.max_steps" || key == "train.time_steps";
      if (network || data || training) keys.insert(key);
    }
  }
  std::vector<std::string> differ;
  for (const auto& key : keys) {
    const std::string from = value(a, key), to = value(b, key);
    if (from != to && !but.contains(key))
      differ.push_back(fmt::format("{} ({}, {})", key, from, to));
  }
  return differ;
}

double axis_number(const std::string& axis, const std::string& text) {
  const auto value = number_from<double>(text);
  if (!value || *value <= 0) {
    throw usage_error({.what = "a slope needs an axis of positive numbers",
                       .where = axis,
                       .found = "'" + text + "'"});
  }
  return *value;
}

// What to multiply differences at these x with, to add them up to the least squares' slope.
std::vector<double> slope_weights(const std::vector<double>& x) {
  const double mean = summarize(x).mean;
  double squares = 0;
  for (const double one : x) squares += (one - mean) * (one - mean);
  std::vector<double> weights;
  for (const double one : x) weights.push_back((one - mean) / squares);
  return weights;
}

// Σ weight · (left − right) over the points, for each seed that has both sides at all of them: the
// difference itself, or its slope against the axis's logarithm to base 2.
Gathered differences(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all;
  std::vector<std::pair<Side, Side>> pairs;  // left and right at each point
  std::vector<double> x, weights = {1};
  const auto add_pair = [&](const std::string& at, const Point& point) {
    const auto side = [&](const std::string& method) {
      return Side{court.titles.at(method) + at,
                  court.evidence.find(where.experiment, method, point)};
    };
    pairs.push_back({side(rule.left), side(rule.right)});
  };
  if (rule.axis.empty()) {
    add_pair("", {});
  } else {
    for (const auto& value :
         court.evidence.shared_values(where.experiment, rule.axis, rule.left, rule.right)) {
      x.push_back(std::log2(axis_number(rule.axis, value)));
      add_pair(fmt::format(" at {}={}", rule.axis, value), {{rule.axis, value}});
    }
    if (x.size() < 2) return all;
    weights = slope_weights(x);
  }
  for (const auto& [left, right] : pairs) {
    add_missing(left, rule.divergence_fails, all.left_diverged, all);
    add_missing(right, rule.divergence_fails, all.right_diverged, all);
    if (!left.series || !right.series) return all;
    const auto keys =
        other_protocol(left.series->job.run, right.series->job.run, court.evidence.tuned);
    if (keys.empty()) continue;
    all.comparable = false;
    all.lacking.push_back("the sides differ in " + join(keys));
  }
  std::set<std::int64_t> seeds;
  for (const auto& run : pairs.front().first.series->runs) seeds.insert(run.seed);
  for (const std::int64_t seed : seeds) {
    Observation seen{seed, 0, {}};
    std::vector<double> right;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto a = score(*pairs[i].first.series, seed, rule, where);
      const auto b = score(*pairs[i].second.series, seed, rule, where);
      if (!a || !b) break;
      seen.value += weights[i] * (a->value - b->value);
      right.push_back(b->value);
      seen.runs.insert(seen.runs.end(), {a->runs[0], b->runs[0]});
    }
    if (right.size() < pairs.size()) continue;
    all.observations.push_back(std::move(seen));
    all.right.insert(all.right.end(), right.begin(), right.end());
  }
  double squares = 0;
  for (const double weight : weights) squares += weight * weight;
  all.seen = grid_spread(where.grid, true) * std::sqrt(squares);
  return all;
}

Gathered measures(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all;
  const Side side{court.titles.at(rule.left), court.evidence.find(where.experiment, rule.left)};
  add_missing(side, false, all.left_diverged, all);
  if (!side.series) return all;
  all.seen = grid_spread(kRoundsGrid, false);
  std::vector<double> low, high;
  for (const auto& run : side.series->runs) {
    if (!run.completed()) continue;
    if (run.rounds) {
      all.observations.push_back({run.seed, *run.rounds, {run.folder}});
    } else {
      all.lacking.push_back(fmt::format("seed {} has no {}", run.seed, rule.measure));
    }
    if (!run.capped) continue;
    low.push_back(run.capped->low);
    high.push_back(run.capped->high);
  }
  if (!low.empty()) all.capped = Interval{summarize(low).mean, summarize(high).mean};
  return all;
}

}  // namespace

Gathered gather_observations(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all =
      rule.measure.empty() ? differences(rule, where, court) : measures(rule, where, court);
  std::ranges::sort(all.observations, {}, &Observation::seed);
  return all;
}

}  // namespace laq::analysis
