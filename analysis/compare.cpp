#include "analysis/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.hpp"
#include "quant/alternating.hpp"

namespace laq::analysis {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

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

std::string subject_of(const ComparisonRule& rule, const Comparison& made) {
  if (made.right.empty()) return fmt::format("{} of {}", rule.measure, made.left);
  const std::string difference = made.left + " − " + made.right;
  return rule.axis.empty() ? difference
                           : fmt::format("slope of {} per doubling of {}", difference, rule.axis);
}

std::string statement(const ComparisonRule& rule, const Comparison& made, double share) {
  const std::string& subject = made.subject;
  const auto text = [&](const Limit& limit, double value) {
    return limit_text(limit, value, made, share);
  };
  if (rule.low && rule.high)
    return fmt::format("|{}| < {}", subject, text(*rule.high, made.region.high));
  if (rule.high) return fmt::format("{} < {}", subject, text(*rule.high, made.region.high));
  return fmt::format("{} > {}", subject, text(*rule.low, made.region.low));
}

std::optional<double> p_value(const Summary& summary, const Interval& region) {
  std::optional<double> p;
  if (std::isfinite(region.high)) p = t_test(summary, region.high, true);
  if (std::isfinite(region.low)) p = std::max(p, t_test(summary, region.low, false));
  return p;
}

// As bad as can be, a run that diverged lies outside of what `below` allows when it is the left
// one, of what `above` allows when it is the right one: then what else contradicts stands.
std::set<Judgement> barred_by(const Gathered& all, const Comparison& made,
                              const ComparisonRule& rule) {
  std::set<Judgement> barred;
  if (!all.comparable) return {Judgement::supported, Judgement::contradicted};
  if (rule.divergence_fails || made.diverged.empty()) return barred;
  barred.insert(Judgement::supported);
  const bool low = std::isfinite(made.region.low), high = std::isfinite(made.region.high);
  // A slope rises with one end of its axis and falls with the other.
  if (made.right.empty() || !rule.axis.empty() || (!all.left_diverged.empty() && !high) ||
      (!all.right_diverged.empty() && !low)) {
    barred.insert(Judgement::contradicted);
  }
  return barred;
}

// Where an interval lies: inside, outside or over a limit.
Judgement judge(const Interval& region, const Interval& interval) {
  if (interval.low > region.low && interval.high < region.high) return Judgement::supported;
  const bool outside = interval.high <= region.low || interval.low >= region.high;
  return outside ? Judgement::contradicted : Judgement::undecided;
}

// The judgement of a comparison at another level.
Judgement judge(const Comparison& comparison, double level) {
  if (comparison.difference.n == 0) return Judgement::missing;
  const auto interval = t_interval(comparison.difference, level);
  if (!interval) return Judgement::undecided;
  const Judgement judgement = judge(comparison.region, *interval);
  return comparison.barred.contains(judgement) ? Judgement::undecided : judgement;
}

std::string reason_of(const Gathered& all, const Comparison& made, bool floored) {
  std::vector<std::string> parts;
  if (made.difference.n == 1) parts.emplace_back("one seed only, so no interval");
  if (made.interval && made.judgement == Judgement::undecided) {
    const bool alone = judge(made.region, *made.interval) == Judgement::undecided;
    if (alone) {
      parts.emplace_back("the interval reaches over the limit");
    } else if (all.comparable) {
      parts.emplace_back("nothing is said while runs have diverged");
    }
  }
  if (floored) {
    parts.push_back(fmt::format("the spread is smaller than can be seen; {:.2g} is taken",
                                *made.difference.sd));
  }
  parts.insert(parts.end(), all.lacking.begin(), all.lacking.end());
  if (parts.empty() && made.difference.n == 0) parts.emplace_back("no seed that both sides have");
  return join(parts, "; ");
}

std::string capped_text(const Interval& capped) {
  const auto percent = [](double share) { return fmt::format("{:.1f}", 100 * share); };
  const std::string low = percent(capped.low), high = percent(capped.high);
  const std::string share =
      low == high ? low + " %"
                  : fmt::format("between {} and {} % (of several groups the mean alone is known)",
                                low, high);
  return fmt::format(
      "of the recorded solves (the last step of each epoch) {} stopped at the cap of {} rounds",
      share, quant::kMostRounds);
}

std::string percent(double level) {
  return fmt::format("{:.4g} %", 100 * level);
}

// Whether the sweeps plan both sides on the experiment.
bool planned(const ComparisonRule& rule, const Studied& where, const Evidence& evidence) {
  if (!rule.axis.empty())
    return evidence.shared_values(where.experiment, rule.axis, rule.left, rule.right).size() > 1;
  return evidence.find(where.experiment, rule.left) &&
         (rule.right.empty() || evidence.find(where.experiment, rule.right));
}

}  // namespace

Comparison compare(const ComparisonRule& rule, const Studied& where, const Court& court) {
  Comparison made;
  made.experiment = where.experiment;
  made.dataset = where.title;
  made.left = court.titles.at(rule.left);
  if (!rule.right.empty()) made.right = court.titles.at(rule.right);
  made.subject = subject_of(rule, made);
  made.planned = planned(rule, where, court.evidence);
  const bool alone = !rule.measure.empty();
  Gathered all = gather_observations(rule, where, court);
  made.test = alone ? "t" : rule.axis.empty() ? "paired t" : "t of the slopes";
  made.unit = alone ? rule.measure : where.metric == Metric::test_error ? "points" : "nats";
  made.decimals = alone ? 2 : train::facts(where.metric).decimals;
  made.provisional = all.waiting;
  made.diverged = all.left_diverged;
  made.diverged.insert(all.right_diverged.begin(), all.right_diverged.end());
  if (all.capped) made.note = capped_text(*all.capped);
  made.observations = std::move(all.observations);
  std::vector<double> values;
  for (const auto& one : made.observations) values.push_back(one.value);
  const Summary found = summarize(values);
  made.difference = with_spread(found, all.seen);

  const double share = court.file.margin(where.metric);
  made.margin = all.right.empty() ? std::nan("") : share * summarize(all.right).mean;
  made.region = {rule.low ? in_units(*rule.low, made.margin) : -kInfinity,
                 rule.high ? in_units(*rule.high, made.margin) : kInfinity};
  made.statement = statement(rule, made, share);
  made.interval = t_interval(made.difference, court.file.level);
  made.p = p_value(made.difference, made.region);
  made.barred = barred_by(all, made, rule);
  made.judgement = judge(made, court.file.level);
  made.reason = reason_of(all, made, found.sd != made.difference.sd);
  return made;
}

double corrected_level(double level, std::size_t k) {
  return 1 - (1 - level) / static_cast<double>(std::max<std::size_t>(k, 1));
}

Ruling judge(const std::vector<const Comparison*>& comparisons, bool any, double level,
             std::size_t k) {
  Ruling ruling;
  bool single = false;
  const double corrected = corrected_level(level, k);
  std::map<Judgement, std::size_t> found, strictly;  // at the level and at the corrected one
  for (const auto* one : comparisons) {
    ruling.provisional = ruling.provisional || one->provisional;
    ruling.diverged.insert(one->diverged.begin(), one->diverged.end());
    single = single || one->difference.n == 1;
    ++found[judge(*one, level)];
    ++strictly[judge(*one, corrected)];
  }
  // What one comparison alone decides, and what only all of them together do.
  const Judgement alone = any ? Judgement::supported : Judgement::contradicted;
  const Judgement together = any ? Judgement::contradicted : Judgement::supported;
  const std::size_t all = comparisons.size();
  const std::string bonferroni =
      k > 1 ? fmt::format("{}, that is 1 − {:g}/{}", percent(corrected), 1 - level, k)
            : percent(level);
  if (const std::size_t n = strictly[alone]; n > 0) {
    ruling.judgement = alone;
    ruling.reason = fmt::format("{} of {} at {}", n, counted(all, "comparison"), bonferroni);
  } else if (found[together] == all) {
    ruling.judgement = together;
    ruling.reason = fmt::format(
        "{} at {}", all == 1 ? "its comparison" : "each of " + counted(all, "comparison"),
        percent(level));
  } else {
    ruling.judgement = found[Judgement::missing] == all ? Judgement::missing : Judgement::undecided;
    ruling.reason = fmt::format("of {} at {} {}", counted(all, "comparison"), percent(level),
                                counts_text(found));
    if (found[alone] > 0) ruling.reason += fmt::format("; one decides alone at {}", bonferroni);
    if (single) ruling.reason += "; one seed has no interval";
  }
  return ruling;
}

}  // namespace laq::analysis
