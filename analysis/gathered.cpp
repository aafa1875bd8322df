#include "analysis/gathered.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.hpp"
#include "core/text.hpp"
#include "record/status.hpp"

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

// Left and right at each value of an axis, or at the one point of a plain difference.
struct Pair {
  Side left, right;
};

// What a seed's run measured; a run that diverged, what the claim lets it count as.
struct Score {
  double value = 0;
  std::filesystem::path run;
};

std::optional<Score> score(const Series& series, std::int64_t seed, const ComparisonRule& rule,
                           const Studied& where) {
  for (const auto& run : series.runs) {
    if (run.seed != seed) continue;
    if (run.completed()) return Score{run.value, run.folder};
    if (rule.divergence_fails && run.diverged()) return Score{where.guess, run.folder};
  }
  return std::nullopt;
}

double axis_number(const std::string& axis, const std::string& text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || value <= 0) {
    throw usage_error({.what = "a slope needs an axis of positive numbers",
                       .where = axis,
                       .found = "'" + text + "'"});
  }
  return value;
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

// Σ weight · (left − right) over the points, for each seed that has both sides at all of them.
void add_sums(const ComparisonRule& rule, const Studied& where, const std::vector<Pair>& pairs,
              const std::vector<double>& weights, Gathered& all) {
  for (const auto& pair : pairs) {
    add_missing(pair.left, rule.divergence_fails, all.left_diverged, all);
    add_missing(pair.right, rule.divergence_fails, all.right_diverged, all);
    if (!pair.left.series || !pair.right.series) return;
  }
  std::set<std::int64_t> seeds;
  for (const auto& run : pairs.front().left.series->runs) seeds.insert(run.seed);
  for (const std::int64_t seed : seeds) {
    Observation seen{seed, 0, {}};
    std::vector<double> right;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto a = score(*pairs[i].left.series, seed, rule, where);
      const auto b = score(*pairs[i].right.series, seed, rule, where);
      if (!a || !b) break;
      seen.value += weights[i] * (a->value - b->value);
      right.push_back(b->value);
      seen.runs.insert(seen.runs.end(), {a->run, b->run});
    }
    if (right.size() < pairs.size()) continue;
    all.observations.push_back(std::move(seen));
    all.right.insert(all.right.end(), right.begin(), right.end());
  }
  double squares = 0;
  for (const double weight : weights) squares += weight * weight;
  all.seen = grid_spread(where.grid, true) * std::sqrt(squares);
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

Gathered differences(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all;
  const auto side = [&](const std::string& method) {
    return Side{court.titles.at(method), court.evidence.find(where.experiment, method)};
  };
  add_sums(rule, where, {{side(rule.left), side(rule.right)}}, {1}, all);
  return all;
}

// The slope of left − right against the axis's logarithm to base 2.
Gathered slopes(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all;
  std::vector<double> x;
  std::vector<Pair> pairs;
  for (const auto& value :
       court.evidence.shared_values(where.experiment, rule.axis, rule.left, rule.right)) {
    const auto side = [&](const std::string& method) {
      return Side{fmt::format("{} at {}={}", court.titles.at(method), rule.axis, value),
                  court.evidence.find(where.experiment, method, {{rule.axis, value}})};
    };
    x.push_back(std::log2(axis_number(rule.axis, value)));
    pairs.push_back({side(rule.left), side(rule.right)});
  }
  if (x.size() > 1) add_sums(rule, where, pairs, slope_weights(x), all);
  return all;
}

}  // namespace

Gathered gather_observations(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all = !rule.measure.empty() ? measures(rule, where, court)
                 : rule.axis.empty()   ? differences(rule, where, court)
                                       : slopes(rule, where, court);
  std::sort(all.observations.begin(), all.observations.end(),
            [](const auto& a, const auto& b) { return a.seed < b.seed; });
  return all;
}

}  // namespace laq::analysis
