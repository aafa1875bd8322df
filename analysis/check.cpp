#include "analysis/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/wording.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kLevel = 0.95;

void refuse_other_protocols(const Table& table) {
  const std::string where = fmt::format("sweep {}, {}", table.name, table.profile_title);
  if (!table.paper_protocol) {
    throw usage_error({.what = "--check compares with the paper, but this is not its protocol",
                       .where = where,
                       .found = join(table.departures, "; "),
                       .expected = "a profile with paper_protocol: true and nothing changed",
                       .advice = "pass --profile paper"});
  }
  if (!table.has_figures()) {
    throw usage_error({.what = "--check has nothing to compare",
                       .where = where,
                       .found = "no cell with a figure in the paper",
                       .expected = "a sweep with 'table:' and a dataset with 'paper_column:'"});
  }
}

std::string finding_line(const std::string& verdict, const std::string& facts) {
  return fmt::format("{:<27}{}", verdict, facts);
}

Finding judge(const Row& row, const Column& column, const Entry& entry) {
  std::string cell = row.title;
  for (const auto& [axis, value] : row.point) cell += fmt::format(", {}={}", axis, value);
  cell += ", " + column.title;
  const Figure& paper = *entry.paper;
  const std::string printed = paper.text + (paper.checked ? "" : "†");
  if (!entry.cell.missing.empty()) {
    std::vector<std::string> reasons;
    const auto& missing = entry.cell.missing;
    for (std::size_t i = 0; i < missing.size();) {
      std::vector<std::string> seeds;
      const std::string& reason = missing[i].reason;
      for (; i < missing.size() && missing[i].reason == reason; ++i)
        seeds.push_back(std::to_string(missing[i].seed));
      reasons.push_back(
          fmt::format("seed{} {} {}", seeds.size() > 1 ? "s" : "", join(seeds), reason));
    }
    return {Verdict::missing,
            finding_line("missing", fmt::format("{}: {} runs, paper {}; {}", cell,
                                                count_text(entry), printed, join(reasons, "; ")))};
  }
  // One more digit than the paper prints, to show on which side of the limit a mean is.
  const int digits = paper.decimals + 1;
  const std::string numbers = fmt::format("{}: ours {} (n = {}), paper {}", cell,
                                          fixed(entry.ours.mean, digits), entry.ours.n, printed);
  const auto limit = tolerance(with_spread(entry.ours, grid_spread(column.grid, false)), paper);
  if (!limit)
    return {Verdict::not_judged, finding_line("not judged", numbers + "; one run has no spread")};
  const bool good =
      std::abs(*entry.difference) <= *limit * (1 + 1e-9);  // decimals are not exact in binary
  if (good) {
    return {Verdict::consistent,
            finding_line("consistent with the print",
                         fmt::format("{}, within {}", numbers, fixed(*limit, digits)))};
  }
  return {Verdict::off,
          finding_line("off by " + signed_fixed(*entry.difference, digits),
                       fmt::format("{}, allowed {}", numbers, fixed(*limit, digits)))};
}

}  // namespace

std::optional<double> tolerance(const Summary& ours, const Figure& paper) {
  const auto reach = prediction_reach(ours, kLevel);
  return reach ? std::optional(*reach + paper.unit() / 2) : std::nullopt;
}

std::size_t CheckResult::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [&](const Finding& finding) { return finding.verdict == verdict; }));
}

std::string CheckResult::text() const {
  std::string text;
  for (const auto& finding : findings) text += finding.line + "\n";
  return text + fmt::format(
                    "{} of {} cells consistent with the print, {} off, {} not judged, {} missing\n",
                    count(Verdict::consistent), findings.size(), count(Verdict::off),
                    count(Verdict::not_judged), count(Verdict::missing));
}

CheckResult check(const Table& table) {
  refuse_other_protocols(table);
  CheckResult result;
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < row.entries.size(); ++c) {
      if (!row.entries[c].paper) continue;
      result.findings.push_back(judge(row, table.columns[c], row.entries[c]));
    }
  }
  return result;
}

}  // namespace laq::analysis
