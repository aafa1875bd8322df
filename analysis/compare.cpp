#include "analysis/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const Result* with_seed(const Cell& cell, std::int64_t seed) {
  const auto found = std::find_if(cell.results.begin(), cell.results.end(),
                                  [&](const Result& one) { return one.seed == seed; });
  return found == cell.results.end() ? nullptr : &*found;
}

// "TWN: seeds 2, 3 not run", one for each reason.
void add_lacking(const std::string& who, const Cell* cell, std::vector<std::string>& all) {
  if (!cell) {
    all.push_back(who + " is not in the sweeps");
    return;
  }
  const auto& missing = cell->missing;
  for (std::size_t i = 0; i < missing.size();) {
    const std::string& reason = missing[i].reason;
    std::vector<std::string> seeds;
    for (; i < missing.size() && missing[i].reason == reason; ++i)
      seeds.push_back(std::to_string(missing[i].seed));
    all.push_back(
        fmt::format("{}: seed{} {} {}", who, seeds.size() > 1 ? "s" : "", join(seeds), reason));
  }
}

// What the comparison rests on, and the mean of the right side, which margins are a share of.
struct Gathered {
  std::vector<Observation> observations;
  std::vector<double> right;
  std::vector<std::string> lacking;
};

Gathered measures(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all;
  const Cell* cell = court.evidence.find(where.experiment, rule.left);
  add_lacking(court.titles.at(rule.left), cell, all.lacking);
  if (!cell) return all;
  for (const auto& run : cell->results) {
    if (run.rounds) {
      all.observations.push_back({run.seed, *run.rounds, {run.folder}});
    } else {
      all.lacking.push_back(fmt::format("seed {} has no {}", run.seed, rule.measure));
    }
  }
  return all;
}

Gathered differences(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all;
  const Cell* left = court.evidence.find(where.experiment, rule.left);
  const Cell* right = court.evidence.find(where.experiment, rule.right);
  add_lacking(court.titles.at(rule.left), left, all.lacking);
  add_lacking(court.titles.at(rule.right), right, all.lacking);
  if (!left || !right) return all;
  for (const auto& run : left->results) {
    const Result* other = with_seed(*right, run.seed);
    if (!other) continue;
    all.observations.push_back({run.seed, run.value - other->value, {run.folder, other->folder}});
    all.right.push_back(other->value);
  }
  return all;
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

// Least squares.
double slope(const std::vector<double>& x, const std::vector<double>& y) {
  const double mean_x = summarize(x).mean, mean_y = summarize(y).mean;
  double xy = 0, xx = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return xy / xx;
}

// For each seed that has both sides at every value of the axis, the slope of left − right against
// the axis's logarithm to base 2.
Gathered slopes(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Gathered all;
  const auto values =
      court.evidence.shared_values(where.experiment, rule.axis, rule.left, rule.right);
  std::vector<double> x;
  std::vector<const Cell*> left, right;
  for (const auto& value : values) {
    const Point point = {{rule.axis, value}};
    x.push_back(std::log2(axis_number(rule.axis, value)));
    left.push_back(court.evidence.find(where.experiment, rule.left, point));
    right.push_back(court.evidence.find(where.experiment, rule.right, point));
    const std::string at = fmt::format(" at {}={}", rule.axis, value);
    add_lacking(court.titles.at(rule.left) + at, left.back(), all.lacking);
    add_lacking(court.titles.at(rule.right) + at, right.back(), all.lacking);
  }
  if (x.size() < 2) return all;
  for (const auto& run : left.front()->results) {
    Observation seen{run.seed, 0, {}};
    std::vector<double> y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Result* a = with_seed(*left[i], run.seed);
      const Result* b = with_seed(*right[i], run.seed);
      if (!a || !b) break;
      y.push_back(a->value - b->value);
      all.right.push_back(b->value);
      seen.runs.insert(seen.runs.end(), {a->folder, b->folder});
    }
    if (y.size() < x.size()) continue;
    seen.value = slope(x, y);
    all.observations.push_back(std::move(seen));
  }
  return all;
}

double in_units(const Limit& limit, double margin) {
  return limit.number + (limit.margins == 0 ? 0 : limit.margins * margin);
}

// A limit as text; without runs a margin is known as a share only.
std::string limit_text(const Limit& limit, double value, const Comparison& made, double share) {
  if (limit.margins == 0) return fmt::format("{:g}", limit.number);
  const std::string percent =
      fmt::format("{}{:g} % of {}", limit.margins < 0 ? "−" : "", 100 * share, made.right);
  if (std::isnan(value)) return percent;
  return fmt::format("{}{:.{}f} ({})", value < 0 ? "−" : "", std::abs(value), made.decimals + 1,
                     percent);
}

std::string statement(const ComparisonRule& rule, const Comparison& made, double share) {
  std::string subject = made.right.empty() ? fmt::format("{} of {}", rule.measure, made.left)
                                           : made.left + " − " + made.right;
  if (!rule.axis.empty())
    subject = fmt::format("slope of {} per doubling of {}", subject, rule.axis);
  const auto text = [&](const Limit& limit, double value) {
    return limit_text(limit, value, made, share);
  };
  if (rule.low && rule.high)
    return fmt::format("|{}| < {}", subject, text(*rule.high, made.region.high));
  if (rule.high) return fmt::format("{} < {}", subject, text(*rule.high, made.region.high));
  return fmt::format("{} > {}", subject, text(*rule.low, made.region.low));
}

std::optional<double> p_value(const Summary& summary, const Region& region) {
  std::optional<double> p;
  const auto worst = [&](double limit, bool below) {
    if (!std::isfinite(limit)) return;
    const auto one = t_test(summary, limit, below);
    if (one) p = std::max(p.value_or(0), *one);
  };
  worst(region.high, true);
  worst(region.low, false);
  return p;
}

void give_reason(const std::vector<std::string>& lacking, Comparison& made) {
  std::vector<std::string> parts;
  if (made.difference.n == 1) parts.push_back("one seed only, so no interval");
  if (made.interval && made.judgement == Judgement::undecided)
    parts.push_back("the interval reaches over the limit");
  parts.insert(parts.end(), lacking.begin(), lacking.end());
  if (parts.empty() && made.difference.n == 0) parts.push_back("no seed that both sides have");
  made.reason = join(parts, "; ");
}

}  // namespace

bool planned(const ComparisonRule& rule, const Studied& where, const Evidence& evidence) {
  if (!rule.axis.empty())
    return evidence.shared_values(where.experiment, rule.axis, rule.left, rule.right).size() > 1;
  return evidence.find(where.experiment, rule.left) &&
         (rule.right.empty() || evidence.find(where.experiment, rule.right));
}

Comparison compare(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Comparison made;
  made.experiment = where.experiment;
  made.dataset = where.title;
  made.left = court.titles.at(rule.left);
  if (!rule.right.empty()) made.right = court.titles.at(rule.right);
  const bool alone = !rule.measure.empty();
  Gathered all = alone               ? measures(rule, where, court)
                 : rule.axis.empty() ? differences(rule, where, court)
                                     : slopes(rule, where, court);
  std::sort(all.observations.begin(), all.observations.end(),
            [](const auto& a, const auto& b) { return a.seed < b.seed; });
  made.test = alone ? "t" : rule.axis.empty() ? "paired t" : "t of the slopes";
  made.unit = alone ? rule.measure : where.metric == Metric::test_error ? "points" : "nats";
  made.decimals = where.metric == Metric::test_error || alone ? 2 : 3;
  made.observations = std::move(all.observations);
  std::vector<double> values;
  for (const auto& one : made.observations) values.push_back(one.value);
  made.difference = summarize(values);

  const double share = court.file.margin(where.metric);
  const double margin = all.right.empty() ? std::nan("") : share * summarize(all.right).mean;
  made.region = {rule.low ? in_units(*rule.low, margin) : -kInfinity,
                 rule.high ? in_units(*rule.high, margin) : kInfinity};
  made.statement = statement(rule, made, share);
  made.interval = t_interval(made.difference, court.file.level);
  made.p = p_value(made.difference, made.region);
  made.judgement = judge(made, court.file.level);
  give_reason(all.lacking, made);
  return made;
}

Judgement judge(const Comparison& comparison, double level) {
  if (comparison.difference.n == 0) return Judgement::missing;
  const auto interval = t_interval(comparison.difference, level);
  if (!interval) return Judgement::undecided;
  const Region& region = comparison.region;
  if (interval->low > region.low && interval->high < region.high) return Judgement::supported;
  const bool outside = interval->high <= region.low || interval->low >= region.high;
  return outside ? Judgement::contradicted : Judgement::undecided;
}

Judgement judge(const std::vector<const Comparison*>& comparisons, bool any, double level) {
  const auto count = [&](Judgement wanted, double at) {
    return static_cast<std::size_t>(
        std::count_if(comparisons.begin(), comparisons.end(),
                      [&](const Comparison* one) { return judge(*one, at) == wanted; }));
  };
  if (count(Judgement::missing, level) == comparisons.size()) return Judgement::missing;
  const auto k = static_cast<double>(
      std::max<std::ptrdiff_t>(1, std::count_if(comparisons.begin(), comparisons.end(),
                                                [](const auto* one) { return one->interval; })));
  const double corrected = 1 - (1 - level) / k;
  // What one comparison alone decides, and what only all of them together do.
  const Judgement alone = any ? Judgement::supported : Judgement::contradicted;
  const Judgement together = any ? Judgement::contradicted : Judgement::supported;
  if (count(alone, corrected) > 0) return alone;
  return count(together, level) == comparisons.size() ? together : Judgement::undecided;
}

}  // namespace laq::analysis
