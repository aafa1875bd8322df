#include "analysis/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analysis/claims_file.hpp"
#include "analysis/compare.hpp"
#include "analysis/unicode.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "train/method_title.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

std::map<std::string, std::string> titles_of(const fs::path& configs, const ClaimsFile& file) {
  std::map<std::string, std::string> titles;
  for (const auto& claim : file.claims) {
    for (const auto& rule : claim.comparisons) {
      for (const auto& method : {rule.left, rule.right}) {
        if (!method.empty() && !titles.contains(method))
          titles[method] = one_line(train::method_title(configs, method));
      }
    }
  }
  return titles;
}

// All comparisons on one experiment, once a sweep plans at least one of them there.
void add_comparisons(const ClaimRule& rule, const Studied& where, const Court& court,
                     Claim& claim) {
  std::vector<Comparison> made;
  for (const auto& one : rule.comparisons) {
    if (one.made_on(where.experiment)) made.push_back(compare(one, where, court));
  }
  if (!has(made, true, &Comparison::planned)) return;
  claim.comparisons.insert(claim.comparisons.end(), made.begin(), made.end());
  claim.datasets.push_back({{}, where.experiment, where.title});
}

std::string nowhere(const ClaimRule& rule, const Evidence& evidence) {
  std::set<std::string> experiments;
  for (const auto& one : rule.comparisons)
    experiments.insert(one.experiments.begin(), one.experiments.end());
  std::string text = "no sweep here plans both sides of a comparison";
  if (!experiments.empty()) text += " on " + join({experiments.begin(), experiments.end()});
  const bool grid = std::ranges::any_of(
      evidence.series, [](const Series& series) { return !series.job.point.empty(); });
  if (grid) text += " at one setting; --select valid chooses among those of a grid";
  return text;
}

Claim judge_claim(const ClaimRule& rule, const Court& court) {
  Claim claim;
  claim.name = rule.name;
  claim.text = rule.text;
  claim.any = rule.any;
  for (const auto& where : court.evidence.experiments) add_comparisons(rule, where, court, claim);
  if (claim.comparisons.empty()) {
    claim.reason = nowhere(rule, court.evidence);
    return claim;
  }
  claim.planned =
      static_cast<std::size_t>(std::ranges::count(claim.comparisons, true, &Comparison::planned));
  const auto rule_on = [&](const std::string& experiment, Ruling& ruling) {
    std::vector<const Comparison*> all;
    for (const auto& one : claim.comparisons) {
      if (experiment.empty() || one.experiment == experiment) all.push_back(&one);
    }
    ruling = judge(all, rule.any, court.file.level, claim.planned);
  };
  for (auto& dataset : claim.datasets) rule_on(dataset.experiment, dataset);
  rule_on("", claim);
  return claim;
}

}  // namespace

std::string judgement_name(Judgement judgement) {
  static constexpr const char* kNames[] = {"supported", "contradicted", "undecided", "missing"};
  return kNames[static_cast<std::size_t>(judgement)];
}

std::vector<ClaimReport> judge_claims(const fs::path& configs,
                                      const std::vector<std::shared_ptr<const SweepData>>& sweeps,
                                      const ClaimQuestion& question) {
  const ClaimsFile file =
      load_claims(configs, question.file.empty() ? configs / "claims.yaml" : question.file);
  const auto own_titles = titles_of(configs, file);
  std::vector<ClaimReport> reports;
  for (auto& evidence : gather(sweeps)) {
    std::vector<std::string> chosen;
    if (question.select_valid) chosen = choose_by_validation(evidence);
    ClaimReport report{evidence.protocol, evidence.sweeps, std::move(chosen), file.level, {}};
    auto titles = own_titles;
    for (const auto& series : evidence.series) {
      const bool altered = std::ranges::any_of(
          series.point(), [](const auto& at) { return train::is_told_by_title(at.first); });
      if (!altered) titles[series.method] = one_line(series.job.run.method_title);
    }
    const Court court{file, evidence, titles};
    for (const auto& rule : file.claims) report.claims.push_back(judge_claim(rule, court));
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace laq::analysis
