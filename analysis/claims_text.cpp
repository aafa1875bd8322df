#include <fmt/format.h>

#include <map>

#include "analysis/claims.hpp"
#include "analysis/wording.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

// A difference has a sign to show, a measure has not.
std::string value_text(const Comparison& comparison, double value) {
  return comparison.right.empty() ? fixed(value, comparison.decimals)
                                  : typographic(signed_fixed(value, comparison.decimals));
}

std::string counts(const ClaimReport& report) {
  std::map<Judgement, std::size_t> all;
  for (const auto& claim : report.claims) ++all[claim.judgement];
  return fmt::format("Of {} claims {}.", report.claims.size(), counts_text(all));
}

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

std::string claim_source(const ClaimReport& report) {
  std::vector<std::string> sentences = {report.sentence(report.sweeps), counts(report)};
  sentences.insert(sentences.end(), report.chosen.begin(), report.chosen.end());
  return join(sentences, " ");
}

std::string claim_method(const ClaimReport& report) {
  const double percent = 100 * report.level;
  return fmt::format(
      "Runs are paired by seed; the figure is the mean difference over the common seeds with its "
      "{0:g} % interval (Student t, two-sided). Seeds are all that it is about: it says what other "
      "seeds would give on these test pictures (or this test text) and this split of the data, not "
      "what other pictures would. A comparison is supported when the whole interval lies within "
      "what is claimed, contradicted when it lies outside, else undecided; one seed has no "
      "interval. A spread is taken to be at least what rounding to the metric's grid hides (the "
      "grid over √6 for a difference, 100/N percent being the grid of N test pictures). p is "
      "one-sided: of the nearest limit of the claim not being kept, so p < {1:g} is what supported "
      "means. A claim of all its comparisons is supported when each is (an intersection–union "
      "test, which needs no correction) and contradicted when one is contradicted at 1 − {2:g}/k "
      "(Bonferroni), k being the comparisons that are planned for the claim, run or not, on all "
      "data sets together; a claim of any comparison the other way round. Nothing is corrected for "
      "the number of claims. While a side has runs that diverged, nothing is supported, unless the "
      "claim says that divergence fails: then such a run counts as a network that guesses. "
      "Provisional: planned runs are not done yet.",
      percent, (1 - report.level) / 2, 1 - report.level);
}

std::string counts_text(const std::map<Judgement, std::size_t>& counts) {
  std::vector<std::string> parts;
  for (const auto& [judgement, n] : counts) {
    if (n > 0) parts.push_back(fmt::format("{} {}", n, judgement_name(judgement)));
  }
  return join(parts);
}

std::string interval_text(const Comparison& comparison) {
  if (comparison.difference.n == 0) return "";
  std::string text = value_text(comparison, comparison.difference.mean);
  if (comparison.interval) {
    text += fmt::format(" [{}, {}]", value_text(comparison, comparison.interval->low),
                        value_text(comparison, comparison.interval->high));
  }
  return text;
}

std::string runs_text(const Comparison& comparison) {
  std::vector<std::pair<std::string, std::set<std::int64_t>>> folders;
  for (const auto& one : comparison.observations) {
    for (const auto& run : one.runs) under(folders, configuration_of(run)).insert(one.seed);
  }
  std::vector<std::string> parts;
  for (const auto& [folder, seeds] : folders) parts.push_back(folder + ", " + named_seeds(seeds));
  return join(parts, "; ");
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "";
  return *p < 0.001 ? "< 0.001" : fixed(*p, 3);
}

std::vector<std::string> datasets_of(const ClaimReport& report) {
  std::vector<std::string> all;
  for (const auto& claim : report.claims) {
    for (const auto& one : claim.datasets) add_once(all, one.dataset);
  }
  return all;
}

std::string ruling_text(const Ruling& ruling) {
  std::vector<std::string> parts;
  if (ruling.provisional && ruling.judgement != Judgement::missing)
    parts.emplace_back("provisional");
  if (const std::size_t n = ruling.diverged.size(); n > 0)
    parts.push_back(counted(n, "run") + " diverged");
  const std::string name = judgement_name(ruling.judgement);
  return parts.empty() ? name : fmt::format("{} ({})", name, join(parts, "; "));
}

std::string remarks(const Comparison& comparison) {
  const bool both = !comparison.reason.empty() && !comparison.note.empty();
  return comparison.reason + (both ? "; " : "") + comparison.note;
}

std::string claims_plain(const ClaimReport& report) {
  std::string text =
      report.heading("Claims") + "\n" + claim_source(report) +
      fmt::format(
          "\nMean differences of runs paired by seed, with {:g} % t intervals; docs/claims.md "
          "says what is judged how.\n",
          100 * report.level);
  for (const auto& claim : report.claims) text += claim_text(claim);
  return text;
}

}  // namespace laq::analysis
