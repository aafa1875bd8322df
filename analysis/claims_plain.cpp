#include <fmt/format.h>

#include "analysis/claims_text.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

std::string facts(const Comparison& comparison) {
  std::vector<std::string> parts;
  if (comparison.difference.n > 0)
    parts.push_back(interval_text(comparison) + " " + comparison.unit);
  parts.push_back(fmt::format("n = {}", comparison.difference.n));
  if (comparison.p) {
    const std::string p = p_text(comparison.p);
    parts.push_back(fmt::format("{}, p {}{}", comparison.test, p.starts_with('<') ? "" : "= ", p));
  }
  if (const auto text = remarks(comparison); !text.empty()) parts.push_back(text);
  return join(parts, "; ");
}

std::string claim_text(const Claim& claim) {
  std::string text = fmt::format("\n{}: {}\n", claim.name, claim.text);
  text += fmt::format("  {} over all: {}\n", ruling_text(claim), claim.reason);
  for (const auto& dataset : claim.datasets) {
    text += fmt::format("  {} on {}: {}\n", ruling_text(dataset), dataset.dataset, dataset.reason);
    for (const auto& one : claim.comparisons) {
      if (one.experiment != dataset.experiment) continue;
      text += fmt::format("    {:<12} {}: {}\n", ruling_text(one), one.statement, facts(one));
      if (!one.observations.empty()) text += fmt::format("{:17}runs {}\n", "", runs_text(one));
    }
  }
  return text;
}

}  // namespace

std::string claims_plain(const std::vector<ClaimReport>& reports) {
  std::string text;
  for (const auto& report : reports) {
    if (!text.empty()) text += "\n";
    text +=
        claim_heading(report) + "\n" + claim_source(report) + "\n" + claim_method(report) + "\n";
    for (const auto& claim : report.claims) text += claim_text(claim);
  }
  return text;
}

}  // namespace laq::analysis
