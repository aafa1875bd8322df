#include <fmt/format.h>

#include "analysis/chart.hpp"
#include "analysis/claims.hpp"
#include "core/lists.hpp"

namespace laq::analysis {
namespace {

SheetCell ruled(const Ruling& ruling, SheetCell::Tone otherwise = SheetCell::Tone::plain) {
  const bool bad = ruling.judgement == Judgement::contradicted;
  return {ruling_text(ruling), bad ? SheetCell::Tone::bad : otherwise};
}

// Every claim that something is planned for, on every data set.
Sheet overview(const ClaimReport& report) {
  const auto datasets = datasets_of(report);
  Sheet sheet{"Judgement of every claim", {{"", "claim", true}, {"", "over all", true}}};
  for (const auto& dataset : datasets) sheet.heads.push_back({"", dataset, true});
  for (const auto& claim : report.claims) {
    if (claim.comparisons.empty()) continue;
    std::vector<SheetCell> cells = {{claim.text}, ruled(claim, SheetCell::Tone::strong)};
    cells.front().anchor = claim_anchor(report, claim);
    for (const auto& dataset : datasets) {
      const auto* on =
          find_in(claim.datasets, [&](const auto& one) { return one.dataset == dataset; });
      cells.push_back(on ? ruled(*on) : SheetCell{});
    }
    sheet.add(std::move(cells));
  }
  return sheet;
}

Sheet comparisons(const Claim& claim, double level) {
  Sheet sheet{"Comparisons for: " + claim.text,
              {{"", "data set", true},
               {"", "claimed", true},
               {"", "judgement", true},
               {"", "why", true},
               {"", "runs", true},
               {"", "test", true},
               {"", fmt::format("found [{:g} %]", 100 * level)},
               {"", "n"},
               {"", "p"}}};
  for (const auto& one : claim.comparisons) {
    SheetCell runs{runs_text(one)};
    for (const auto& seen : one.observations) {
      for (const auto& run : seen.runs) {
        const auto method = run.parent_path().filename().string();
        runs.links.emplace_back(
            run.string(), fmt::format("{}/{}", method.substr(0, method.rfind('-')), seen.seed));
      }
    }
    sheet.add({{one.dataset},
               {one.statement},
               ruled(one),
               {remarks(one)},
               std::move(runs),
               {one.interval ? one.test : ""},
               {interval_text(one)},
               {std::to_string(one.difference.n)},
               {p_text(one.p)}});
  }
  return sheet;
}

}  // namespace

std::string claim_anchor(const ClaimReport& report, const Claim& claim) {
  return fmt::format("claim-{}-{}", file_word(report.profile), file_word(claim.name));
}

Document claims_document(const ClaimReport& report) {
  Document all{
      "claims", report.heading("Claims"), {{"", {claim_source(report)}, {overview(report)}}}};
  all.blocks.push_back({"", {claim_method(report)}});
  Block others{"Other claims"};
  for (const auto& claim : report.claims) {
    if (claim.comparisons.empty()) {
      others.items.push_back(fmt::format("{}: {}.", claim.text, claim.reason));
      continue;
    }
    Block block{claim.text,
                {fmt::format("{} over all: {}.", ruling_text(claim), claim.reason)},
                {},
                {},
                claim_anchor(report, claim)};
    if (claim.datasets.size() > 1) {
      for (const auto& one : claim.datasets) {
        block.paragraphs.push_back(
            fmt::format("{}: {}: {}.", one.dataset, ruling_text(one), one.reason));
      }
    }
    block.sheets.push_back(comparisons(claim, report.level));
    all.blocks.push_back(std::move(block));
  }
  if (!others.items.empty()) all.blocks.push_back(std::move(others));
  return all;
}

}  // namespace laq::analysis
