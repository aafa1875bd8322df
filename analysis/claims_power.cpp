#include "analysis/claims_power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "analysis/claims.hpp"
#include "analysis/compare.hpp"
#include "analysis/json_values.hpp"
#include "analysis/wording.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kMissed = 0.2;          // β: how often the verdict may fail to come
constexpr double kSpreadLevel = 0.9;     // of the spread's interval
constexpr std::size_t kFewestSeeds = 3;  // that tell a spread

std::string refusal(const Comparison& comparison, Judgement verdict) {
  const std::size_t n = comparison.difference.n;
  if (comparison.right.empty()) return "none: it is no difference";
  if (n < kFewestSeeds)
    return fmt::format("refused: n = {}, and a spread takes {} seeds", n, kFewestSeeds);
  return verdict == Judgement::undecided ? "none: 0 is the limit itself" : "";
}

std::string number(const std::optional<std::size_t>& seeds) {
  return seeds ? std::to_string(*seeds) : "more than a million";
}

std::string spread_text(const Comparison& comparison, const SeedsNeeded& needed) {
  if (!needed.spread) return "";
  const int digits = comparison.decimals + 1;
  return fmt::format("{} [{}, {}]", fixed(*comparison.difference.sd, digits),
                     fixed(needed.spread->low, digits), fixed(needed.spread->high, digits));
}

std::string verdict_text(const SeedsNeeded& needed) {
  if (!needed.refusal.empty()) return "";
  return fmt::format("{} at {:.4g} % with chance {:.4g} %", judgement_name(needed.verdict),
                     100 * needed.level, 100 * needed.chance);
}

std::string method(const ClaimReport& report) {
  return fmt::format(
      "Seeds for a chance of {0:g} % of each claim's right verdict, if the true difference were 0 "
      "and the spread the one seen, by the noncentral t distribution (two one-sided tests where a "
      "claim has two limits); in brackets for the ends of the spread's {1:g} % interval (χ²). "
      "Where all k comparisons of a claim must hold each gets the chance 1 − {2:g}/k; where one "
      "decides alone it does so at 1 − {3:g}/k. Three seeds tell no more than a least number: that "
      "of the interval's lower end.",
      100 * (1 - kMissed), 100 * kSpreadLevel, kMissed, 1 - report.level);
}

std::string plain(const ClaimReport& report) {
  std::string text = report.heading("Claims") + "\n" + method(report) + "\n";
  for (const auto& claim : report.claims) {
    if (claim.comparisons.empty()) continue;
    text += fmt::format("\n{}: {}\n", claim.name, claim.text);
    for (const auto& one : claim.comparisons) {
      const SeedsNeeded needed = seeds_needed(claim, one, report.level);
      text += fmt::format("  {}: {}: {}", one.dataset, one.statement, seeds_text(one, needed));
      if (const auto verdict = verdict_text(needed); !verdict.empty()) text += "; " + verdict;
      if (const auto spread = spread_text(one, needed); !spread.empty())
        text += fmt::format("; spread {} {}, n = {}", spread, one.unit, one.difference.n);
      text += "\n";
    }
  }
  return text;
}

std::string markdown(const ClaimReport& report) {
  Sheet sheet{"",
              {{"", "data set", true},
               {"", "claimed", true},
               {"", "verdict of a difference of 0", true},
               {"", "seeds [90 %]"},
               {"", "spread [90 %]"},
               {"", "n"}}};
  for (const auto& claim : report.claims) {
    for (const auto& one : claim.comparisons) {
      const SeedsNeeded needed = seeds_needed(claim, one, report.level);
      sheet.add({{one.dataset},
                 {one.statement},
                 {verdict_text(needed)},
                 {seeds_text(one, needed)},
                 {spread_text(one, needed)},
                 {std::to_string(one.difference.n)}});
    }
  }
  return analysis::markdown(Document{
      "seeds", "Seeds needed. " + report.heading("Claims"), {{"", {method(report)}, {sheet}}}});
}

Json json(const ClaimReport& report) {
  Json claims = Json::array();
  for (const auto& claim : report.claims) {
    Json comparisons = Json::array();
    for (const auto& one : claim.comparisons) {
      const SeedsNeeded needed = seeds_needed(claim, one, report.level);
      comparisons.push_back({{"experiment", one.experiment},
                             {"statement", one.statement},
                             {"n", one.difference.n},
                             {"sd", one.difference.sd},
                             {"sd_interval", needed.spread},
                             {"verdict", judgement_name(needed.verdict)},
                             {"level", needed.level},
                             {"chance", needed.chance},
                             {"refusal", needed.refusal},
                             {"seeds", needed.seeds},
                             {"least", needed.least},
                             {"most", needed.most}});
    }
    claims.push_back({{"name", claim.name}, {"comparisons", std::move(comparisons)}});
  }
  return {{"sweeps", report.sweeps},
          {"profile", report.profile},
          {"method", method(report)},
          {"claims", std::move(claims)}};
}

void require_spread(const std::vector<ClaimReport>& reports) {
  std::size_t most = 0;
  for (const auto& report : reports) {
    for (const auto& claim : report.claims) {
      for (const auto& one : claim.comparisons) most = std::max(most, one.difference.n);
    }
  }
  if (most >= kFewestSeeds) return;
  throw usage_error({.what = "--power needs the spread of at least 3 seeds",
                     .where = "claims",
                     .found = counted(most, "seed") + " at most in a comparison",
                     .advice = "run more seeds first"});
}

}  // namespace

SeedsNeeded seeds_needed(const Claim& claim, const Comparison& comparison, double level) {
  SeedsNeeded needed;
  const auto [low, high] = comparison.region;
  std::vector<double> limits;  // how far 0 is from those that its verdict takes
  if (low < 0 && high > 0) {
    needed.verdict = Judgement::supported;
    limits = {-low, high};
    std::erase(limits, std::numeric_limits<double>::infinity());
  } else if (const double outside = std::max(low, -high); outside > 0) {
    needed.verdict = Judgement::contradicted;
    limits = {outside};
  }
  const auto k = static_cast<double>(std::max<std::size_t>(claim.planned, 1));
  const bool alone = needed.verdict == (claim.any ? Judgement::supported : Judgement::contradicted);
  needed.level = alone ? corrected_level(level, claim.planned) : level;
  needed.chance = 1 - (alone ? kMissed : kMissed / k);
  needed.refusal = refusal(comparison, needed.verdict);
  if (!needed.refusal.empty()) return needed;
  needed.spread = spread_interval(comparison.difference, kSpreadLevel);
  const auto at = [&](double sd) {
    std::vector<double> distances;
    for (const double one : limits) distances.push_back(one / sd);
    return values_needed(distances, needed.level, needed.chance);
  };
  needed.seeds = at(*comparison.difference.sd);
  needed.least = at(needed.spread->low);
  needed.most = at(needed.spread->high);
  return needed;
}

std::string seeds_text(const Comparison& comparison, const SeedsNeeded& needed) {
  if (!needed.refusal.empty()) return needed.refusal;
  if (comparison.difference.n == kFewestSeeds) {
    return fmt::format("at least {} ({} at the spread seen)", number(needed.least),
                       number(needed.seeds));
  }
  return fmt::format("{} [{} to {}]", number(needed.seeds), number(needed.least),
                     number(needed.most));
}

std::string render_power(const std::vector<ClaimReport>& reports, const std::string& format) {
  require_spread(reports);
  Json all = Json::array();
  std::string text;
  for (const auto& report : reports) {
    if (!text.empty()) text += "\n";
    if (format == "text") text += plain(report);
    if (format == "md") text += markdown(report);
    if (format == "json") all.push_back(json(report));
  }
  return format == "json" ? json_text(all) : text;
}

}  // namespace laq::analysis
