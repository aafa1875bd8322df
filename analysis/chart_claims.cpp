#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "analysis/chart.hpp"
#include "analysis/claims.hpp"
#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kLeastRange = 3.5, kMostRange = 100;  // units shown on each side

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
  return {.value = one.difference.mean / unit,
          .low = interval.low / unit,
          .high = interval.high / unit,
          .allowed_low = one.region.low / unit,
          .allowed_high = one.region.high / unit,
          .look = look_of(one.judgement),
          .columns = {claim.name, one.subject, judgement_name(one.judgement),
                      one.provisional ? "yes" : "no", std::to_string(one.difference.n), one.unit,
                      number(one.difference.mean), number(interval.low), number(interval.high),
                      number(unit)}};
}

// A row for each comparison that some data set has, below its claim.
void add_rows(const Claim& claim, const std::vector<std::string>& datasets, MarkRows& body) {
  body.rows.push_back({one_line(claim.text + ": " + ruling_text(claim)), true, {}});
  std::map<std::string, std::size_t> rows;  // of the subjects
  for (const auto& one : claim.comparisons) {
    if (!drawn(one)) continue;
    const auto [row, fresh] = rows.emplace(one.subject, body.rows.size());
    // Of a slope without its axis, which is the same in all of a claim's rows.
    if (fresh)
      body.rows.push_back({one.subject.substr(0, one.subject.find(" per doubling of ")), false,
                           std::vector<std::optional<RowMark>>(datasets.size())});
    const auto panel = std::find(datasets.begin(), datasets.end(), one.dataset) - datasets.begin();
    body.rows[row->second].marks[static_cast<std::size_t>(panel)] = mark_of(claim, one);
  }
}

}  // namespace

Charts claims_charts(const ClaimReport& report) {
  Charts all;
  Chart chart{.name = "claims", .kind = kClaimsKind, .title = "All comparisons of the claims"};
  std::set<std::string> with_value;  // data sets
  double range = kLeastRange;
  for (const auto& claim : report.claims) {
    for (const auto& one : claim.comparisons) {
      if (!drawn(one)) continue;
      with_value.insert(one.dataset);
      range = std::max(range, 1.2 * std::abs(one.difference.mean) / unit_of(one));
    }
  }
  range = std::min(range, kMostRange);
  std::vector<std::string> shown, others;
  for (const auto& dataset : datasets_of(report))
    (with_value.contains(dataset) ? shown : others).push_back(dataset);
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
