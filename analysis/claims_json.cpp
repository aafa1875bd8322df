#include "analysis/claims.hpp"
#include "analysis/json_values.hpp"

namespace laq::analysis {

// Adds what every ruling has.
static Json with_ruling(Json object, const Ruling& ruling) {
  object["judgement"] = judgement_name(ruling.judgement);
  object["reason"] = ruling.reason;
  object["provisional"] = ruling.provisional;
  object["diverged"] = ruling.diverged;
  return object;
}

static void to_json(Json& json, const Observation& seen) {
  json = {{"seed", seen.seed}, {"value", seen.value}, {"runs", seen.runs}};
}

static void to_json(Json& json, const Comparison& one) {
  // What is not finite is written as null: no limit, no margin.
  json = with_ruling({{"experiment", one.experiment},
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
                      {"seeds", one.observations}},
                     one);
}

static void to_json(Json& json, const DatasetJudgement& one) {
  json = with_ruling({{"experiment", one.experiment}, {"dataset", one.dataset}}, one);
}

static void to_json(Json& json, const Claim& claim) {
  json = with_ruling({{"name", claim.name},
                      {"text", claim.text},
                      {"of", claim.any ? "any" : "all"},
                      {"k", claim.planned},
                      {"datasets", claim.datasets},
                      {"comparisons", claim.comparisons}},
                     claim);
}

static void to_json(Json& json, const ClaimReport& report) {
  json = {{"sweeps", report.sweeps},
          {"profile", report.profile},
          {"profile_title", report.profile_title},
          {"paper_protocol", report.of_the_paper()},
          {"departures", report.departures},
          {"chosen", report.chosen},
          {"level", report.level},
          {"method", claim_method(report)},
          {"claims", report.claims}};
}

std::string render(const std::vector<ClaimReport>& reports, const std::string& format) {
  if (format == "json") return json_text(reports);
  std::string text;
  for (const auto& report : reports) {
    if (!text.empty()) text += "\n";
    text += format == "md" ? markdown(claims_document(report)) : claims_plain(report);
  }
  return text;
}

}  // namespace laq::analysis
