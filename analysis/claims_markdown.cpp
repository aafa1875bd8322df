#include <fmt/format.h>

#include "analysis/claims_text.hpp"
#include "analysis/markdown_grid.hpp"

namespace laq::analysis {
namespace {

std::string or_none(const std::string& text) {
  return text.empty() ? "–" : markdown_escaped(text);
}

// Every claim on every data set.
std::string overview(const ClaimReport& report) {
  const auto datasets = datasets_of(report);
  Grid grid{{{"claim", "over all"}}, 2};
  for (const auto& dataset : datasets) grid.rows[0].push_back(markdown_escaped(dataset));
  grid.left += datasets.size();
  for (const auto& claim : report.claims) {
    auto& row = grid.rows.emplace_back();
    row = {markdown_escaped(claim.text), "**" + ruling_text(claim) + "**"};
    for (const auto& dataset : datasets) {
      const Ruling* ruling = ruling_on(claim, dataset);
      row.push_back(or_none(ruling ? ruling_text(*ruling) : ""));
    }
  }
  return grid.text();
}

std::string details(const Claim& claim, double level) {
  std::string text = fmt::format("\n## {}\n\n**{}** over all: {}.\n", markdown_escaped(claim.text),
                                 ruling_text(claim), markdown_escaped(claim.reason));
  if (claim.datasets.size() > 1) {
    text += "\n";
    for (const auto& one : claim.datasets) {
      text += fmt::format("- {}: {}: {}.\n", markdown_escaped(one.dataset), ruling_text(one),
                          markdown_escaped(one.reason));
    }
  }
  if (claim.comparisons.empty()) return text;
  Grid grid{{{"data set", "claimed", "judgement", "why", "runs", "test",
              fmt::format("found [{:g} %]", 100 * level), "n", "p"}},
            6};
  for (const auto& one : claim.comparisons) {
    grid.rows.push_back({markdown_escaped(one.dataset), markdown_escaped(one.statement),
                         ruling_text(one), or_none(remarks(one)), or_none(runs_text(one)),
                         one.interval ? one.test : "–", or_none(interval_text(one)),
                         std::to_string(one.difference.n), or_none(p_text(one.p))});
  }
  return text + "\n" + grid.text();
}

}  // namespace

std::string claims_markdown(const std::vector<ClaimReport>& reports) {
  std::string text;
  for (const auto& report : reports) {
    if (!text.empty()) text += "\n";
    text += fmt::format("# {}\n\n{}\n\n{}\n{}", markdown_escaped(claim_heading(report)),
                        markdown_escaped(claim_source(report)), overview(report),
                        markdown_escaped(claim_method(report)) + "\n");
    for (const auto& claim : report.claims) text += details(claim, report.level);
  }
  return text;
}

}  // namespace laq::analysis
