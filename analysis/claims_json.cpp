#include <cmath>

#include "analysis/claims_text.hpp"
#include "analysis/json_values.hpp"

namespace laq::analysis {
namespace {

// JSON has no infinity: no limit is null.
Json finite(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

// Adds what every ruling has.
Json with_ruling(Json object, const Ruling& ruling) {
  Json diverged = Json::array();
  for (const auto& run : ruling.diverged) diverged.push_back(run.generic_string());
  object["judgement"] = judgement_name(ruling.judgement);
  object["reason"] = ruling.reason;
  object["provisional"] = ruling.provisional;
  object["diverged"] = std::move(diverged);
  return object;
}

Json comparison(const Comparison& one) {
  Json seeds = Json::array();
  for (const auto& seen : one.observations) {
    Json runs = Json::array();
    for (const auto& run : seen.runs) runs.push_back(run.generic_string());
    seeds.push_back({{"seed", seen.seed}, {"value", seen.value}, {"runs", std::move(runs)}});
  }
  const bool some = one.difference.n > 0;
  Json all = {
      {"experiment", one.experiment},
      {"dataset", one.dataset},
      {"left", one.left},
      {"right", one.right},
      {"statement", one.statement},
      {"above", finite(one.region.low)},
      {"below", finite(one.region.high)},
      {"margin", finite(one.margin)},
      {"planned", one.planned},
      {"test", one.test},
      {"unit", one.unit},
      {"n", one.difference.n},
      {"mean", some ? Json(one.difference.mean) : Json(nullptr)},
      {"sd", optional(one.difference.sd)},
      {"interval", one.interval ? Json::array({one.interval->low, one.interval->high}) : Json()},
      {"p", optional(one.p)},
      {"note", one.note},
      {"seeds", std::move(seeds)}};
  return with_ruling(std::move(all), one);
}

Json claim_of(const Claim& claim) {
  Json datasets = Json::array(), comparisons = Json::array();
  for (const auto& one : claim.datasets) {
    datasets.push_back(
        with_ruling({{"experiment", one.experiment}, {"dataset", one.dataset}}, one));
  }
  for (const auto& one : claim.comparisons) comparisons.push_back(comparison(one));
  return with_ruling({{"name", claim.name},
                      {"text", claim.text},
                      {"of", claim.any ? "any" : "all"},
                      {"k", claim.planned},
                      {"datasets", std::move(datasets)},
                      {"comparisons", std::move(comparisons)}},
                     claim);
}

}  // namespace

std::string claims_json(const std::vector<ClaimReport>& reports) {
  Json all = Json::array();
  for (const auto& report : reports) {
    Json claims = Json::array();
    for (const auto& claim : report.claims) claims.push_back(claim_of(claim));
    all.push_back({{"sweeps", report.sweeps},
                   {"profile", report.profile},
                   {"profile_title", report.profile_title},
                   {"paper_protocol", report.paper_protocol},
                   {"departures", report.departures},
                   {"chosen", report.chosen},
                   {"level", report.level},
                   {"method", claim_method(report)},
                   {"claims", std::move(claims)}});
  }
  // A path may hold bytes that are not UTF-8.
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace laq::analysis
