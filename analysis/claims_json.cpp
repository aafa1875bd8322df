#include "analysis/claims_text.hpp"
#include "analysis/json_values.hpp"

namespace laq::analysis {
namespace {

// Adds what every ruling has.
Json with_ruling(Json object, const Ruling& ruling) {
  object["judgement"] = judgement_name(ruling.judgement);
  object["reason"] = ruling.reason;
  object["provisional"] = ruling.provisional;
  object["diverged"] = ruling.diverged;
  return object;
}

Json comparison(const Comparison& one) {
  Json seeds = Json::array();
  for (const auto& seen : one.observations)
    seeds.push_back({{"seed", seen.seed}, {"value", seen.value}, {"runs", seen.runs}});
  // What is not finite is written as null: no limit, no margin.
  return with_ruling({{"experiment", one.experiment},
                      {"dataset", one.dataset},
                      {"left", one.left},
                      {"right", one.right},
                      {"statement", one.statement},
                      {"above", one.region.low},
                      {"below", one.region.high},
                      {"margin", one.margin},
                      {"planned", one.planned},
                      {"test", one.test},
                      {"unit", one.unit},
                      {"n", one.difference.n},
                      {"mean", one.difference.known_mean()},
                      {"sd", one.difference.sd},
                      {"interval", one.interval},
                      {"p", one.p},
                      {"note", one.note},
                      {"seeds", std::move(seeds)}},
                     one);
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

Json report_of(const ClaimReport& report) {
  Json claims = Json::array();
  for (const auto& claim : report.claims) claims.push_back(claim_of(claim));
  return {{"sweeps", report.sweeps},
          {"profile", report.profile},
          {"profile_title", report.profile_title},
          {"paper_protocol", report.of_the_paper()},
          {"departures", report.departures},
          {"chosen", report.chosen},
          {"level", report.level},
          {"method", claim_method(report)},
          {"claims", std::move(claims)}};
}

}  // namespace

std::string render(const std::vector<ClaimReport>& reports, const std::string& format) {
  Json all = Json::array();
  std::string text;
  for (const auto& report : reports) {
    if (!text.empty()) text += "\n";
    if (format == "text") text += claims_plain(report);
    if (format == "md") text += markdown(claims_document(report));
    if (format == "json") all.push_back(report_of(report));
  }
  return format == "json" ? json_text(all) : text;
}

}  // namespace laq::analysis
