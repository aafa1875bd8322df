#include <fmt/format.h>

#include <algorithm>

#include "analysis/chart_claims.hpp"
#include "analysis/claims_text.hpp"
#include "analysis/html.hpp"
#include "analysis/report_parts.hpp"
#include "analysis/wording.hpp"

namespace laq::analysis {
namespace {

// The runs that a comparison rests on, each a link to its place in the list of runs.
std::string runs_of(const ReportSource& source, const Comparison& comparison) {
  std::string text;
  for (const auto& seen : comparison.observations) {
    for (const auto& folder : seen.runs) {
      const auto& jobs = source.plan.jobs;
      const auto job = std::find_if(jobs.begin(), jobs.end(),
                                    [&](const sweep::Job& one) { return one.folder == folder; });
      if (job == jobs.end()) continue;
      text += (text.empty() ? "" : " ") +
              link_to(run_anchor(static_cast<std::size_t>(job - jobs.begin())),
                      escaped_html(fmt::format("{}/{}", job->run.request.method, seen.seed)));
    }
  }
  return text.empty() ? "–" : text;
}

std::string colored(const Ruling* ruling) {
  if (!ruling) return "–";
  return fmt::format("<span class=\"judgement{}\">{}</span>",
                     ruling->judgement == Judgement::contradicted ? " bad" : "",
                     escaped_html(ruling_text(*ruling)));
}

std::string anchor_of(const ClaimReport& report, const Claim& claim) {
  return fmt::format("claim-{}-{}", file_word(report.profile), file_word(claim.name));
}

std::string overview(const ClaimReport& report) {
  const auto datasets = datasets_of(report);
  std::vector<std::string> heads = {"Claim", "Over all"};
  for (const auto& dataset : datasets) heads.push_back(escaped_html(dataset));
  HtmlTable table("Judgement of every claim", heads, heads.size());
  for (const auto& claim : report.claims) {
    std::vector<std::string> cells = {
        "<span class=\"wrap\">" + link_to(anchor_of(report, claim), escaped_html(claim.text)) +
            "</span>",
        colored(&claim)};
    for (const auto& dataset : datasets) cells.push_back(colored(ruling_on(claim, dataset)));
    table.row(cells);
  }
  return table.html();
}

std::string claim_html(const ReportSource& source, const ClaimReport& report, const Claim& claim) {
  std::string text =
      fmt::format("<h3 id=\"{}\">{}</h3>\n<p>{}: {}</p>\n", anchor_of(report, claim),
                  escaped_html(claim.text), colored(&claim), escaped_html(claim.reason));
  if (claim.comparisons.empty()) return text;
  if (claim.datasets.size() > 1) {
    std::string lines;
    for (const auto& one : claim.datasets) {
      lines += fmt::format("<li>{}: {}: {}</li>\n", escaped_html(one.dataset), colored(&one),
                           escaped_html(one.reason));
    }
    text += "<ul>\n" + lines + "</ul>\n";
  }
  HtmlTable table("Comparisons for: " + claim.text,
                  {"Dataset", "Comparison", "Seeds",
                   fmt::format("Found [{:g} %]", 100 * report.level), "p", "Judgement", "Runs"},
                  2);
  for (const auto& one : claim.comparisons) {
    const std::string value = interval_text(one), said = remarks(one);
    table.row(
        {escaped_html(one.dataset), escaped_html(one.statement),
         std::to_string(one.observations.size()), value.empty() ? "–" : escaped_html(value),
         one.p ? escaped_html(p_text(one.p)) : "–",
         colored(&one) + (said.empty() ? ""
                                       : fmt::format("<br><span class=\"wrap soft\">{}</span>",
                                                     escaped_html(said))),
         "<span class=\"wrap\">" + runs_of(source, one) + "</span>"});
  }
  return text + fmt::format("<details>\n<summary>{} comparison{}</summary>\n{}</details>\n",
                            claim.comparisons.size(), claim.comparisons.size() == 1 ? "" : "s",
                            table.html());
}

}  // namespace

std::string claims_html(const ReportSource& source) {
  std::string text = figures_of_kind(source, kClaimsKind);
  for (const auto& report : source.claims) {
    text += overview(report);
    text += fmt::format("<p>{}</p>\n", escaped_html(claim_method(report)));
    for (const auto& claim : report.claims) text += claim_html(source, report, claim);
  }
  return text;
}

}  // namespace laq::analysis
