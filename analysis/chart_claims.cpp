#include "analysis/chart_claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/claims_text.hpp"
#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kLeastRange = 3.5, kMostRange = 100;  // units shown on each side

const Comparison* comparison_of(const Claim& claim, const std::string& subject,
                                const std::string& dataset) {
  for (const auto& one : claim.comparisons) {
    if (one.dataset == dataset && one.subject == subject) return &one;
  }
  return nullptr;
}

// What 1 stands for; a point or a nat where right sides without error leave no margin.
double unit_of(const Comparison& one) {
  for (const double limit : {one.region.high, one.region.low}) {
    if (std::isfinite(limit) && limit != 0) return std::abs(limit);
  }
  return one.margin > 0 ? one.margin : 1;
}

bool drawn(const Comparison& one) {
  return one.difference.n > 0;
}

bool has_value(const ClaimReport& report, const std::string& dataset) {
  return std::any_of(report.claims.begin(), report.claims.end(), [&](const Claim& claim) {
    return std::any_of(claim.comparisons.begin(), claim.comparisons.end(),
                       [&](const Comparison& one) { return one.dataset == dataset && drawn(one); });
  });
}

double range_of(const ClaimReport& report) {
  double most = kLeastRange;
  for (const auto& claim : report.claims) {
    for (const auto& one : claim.comparisons) {
      if (drawn(one)) most = std::max(most, 1.2 * std::abs(one.difference.mean) / unit_of(one));
    }
  }
  return std::min(most, kMostRange);
}

Look look_of(Judgement judgement) {
  return judgement == Judgement::supported      ? kSupported
         : judgement == Judgement::contradicted ? kContradicted
                                                : kUndecided;
}

const std::vector<std::string> kColumns = {"claim", "comparison", "judgement",  "provisional",
                                           "n",     "unit",       "difference", "from",
                                           "to",    "divided_by"};

RowMark mark_of(const Claim& claim, const Comparison& one) {
  const double unit = unit_of(one);
  const Interval interval = one.interval.value_or(Interval{kUnknown, kUnknown});
  const auto number = [](double value) { return fmt::format("{:.6g}", value); };
  RowMark mark;
  mark.value = one.difference.mean / unit;
  mark.low = interval.low / unit;
  mark.high = interval.high / unit;
  mark.allowed_low = one.region.low / unit;
  mark.allowed_high = one.region.high / unit;
  mark.look = look_of(one.judgement);
  mark.columns = {claim.name,
                  one.subject,
                  judgement_name(one.judgement),
                  one.provisional ? "yes" : "no",
                  std::to_string(one.difference.n),
                  one.unit,
                  number(one.difference.mean),
                  number(interval.low),
                  number(interval.high),
                  number(unit)};
  return mark;
}

// A row for each comparison that some data set has, below its claim.
void add_rows(const Claim& claim, const std::vector<std::string>& datasets, MarkRows& body) {
  std::vector<std::string> subjects;
  for (const auto& one : claim.comparisons) {
    if (drawn(one) && std::find(subjects.begin(), subjects.end(), one.subject) == subjects.end())
      subjects.push_back(one.subject);
  }
  body.rows.push_back({one_line(claim.text + ": " + ruling_text(claim)), true, {}});
  for (const auto& subject : subjects) {
    // Of a slope without its axis, which is the same in all of a claim's rows.
    MarkRow row{subject.substr(0, subject.find(" per doubling of ")), false, {}};
    for (const auto& dataset : datasets) {
      const Comparison* one = comparison_of(claim, subject, dataset);
      row.marks.push_back(one && drawn(*one) ? std::optional(mark_of(claim, *one)) : std::nullopt);
    }
    body.rows.push_back(std::move(row));
  }
}

}  // namespace

Charts claims_charts(const ClaimReport& report) {
  Charts all;
  Chart chart;
  chart.name = "claims";
  chart.kind = kClaimsKind;
  chart.title = "All comparisons of the claims";
  std::vector<std::string> shown, others;
  for (const auto& dataset : datasets_of(report))
    (has_value(report, dataset) ? shown : others).push_back(dataset);
  if (shown.empty()) {
    all.left_out.push_back({chart.title, "no comparison has a value yet"});
    return all;
  }
  MarkRows body;
  body.columns = kColumns;
  for (const Judgement one : {Judgement::supported, Judgement::contradicted, Judgement::undecided})
    body.keys.emplace_back(look_of(one), judgement_name(one));
  body.keys.emplace_back(kAllowed, "what is claimed");
  body.note =
      "First method − second, divided by what the claim allows (by the margin of a tie where that "
      "is 0); logarithmic beyond 1";
  const double range = range_of(report);
  for (const auto& dataset : shown) {
    const Axis axis{.label = "", .low = -range, .high = range, .scale = Axis::Scale::asinh};
    body.panels.push_back({dataset, axis, {{-1, kLevel}, {0, kMain}, {1, kLevel}}});
  }
  for (const auto& claim : report.claims) add_rows(claim, shown, body);
  chart.body = std::move(body);
  chart.caption = fmt::format(
      "{}. Point: mean difference over the common seeds; bar: its {:g} % interval (an arrow: it "
      "goes on; none: a single seed). Shaded: what is claimed. Everything is divided by the limit "
      "of the comparison, so that 1 is the margin of a tie, or by that margin where the limit is "
      "0; 0 is no difference, and left of it the first method has the lower error or loss. A "
      "comparison without a point has no runs on both sides.",
      chart.title, 100 * report.level);
  if (!others.empty()) chart.caption += fmt::format(" No runs on {}.", join(others));
  all.drawn.push_back(std::move(chart));
  return all;
}

}  // namespace laq::analysis
