#include <fmt/format.h>

#include <algorithm>

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

std::string judgement(Judgement of) {
  const bool against = of == Judgement::contradicted;
  return fmt::format("<span class=\"judgement{}\">{}</span>", against ? " bad" : "",
                     judgement_name(of));
}

std::string claim_html(const ReportSource& source, const Claim& claim) {
  std::string text = fmt::format("<h3>{}</h3>\n<p>{}{}</p>\n", escaped_html(claim.text),
                                 judgement(claim.judgement),
                                 claim.reason.empty() ? "" : ": " + escaped_html(claim.reason));
  if (claim.comparisons.empty()) return text;
  HtmlTable table("Comparisons for: " + claim.text,
                  {"Dataset", "Comparison", "Seeds", "Value [interval]", "p", "Judgement", "Runs"},
                  2);
  for (const auto& one : claim.comparisons) {
    const std::string value = interval_text(one);
    table.row({escaped_html(one.dataset), escaped_html(one.statement),
               std::to_string(one.observations.size()), value.empty() ? "–" : escaped_html(value),
               one.p ? fmt::format("{:.3g}", *one.p) : "–",
               judgement(one.judgement) +
                   (one.reason.empty() ? ""
                                       : fmt::format("<br><span class=\"wrap soft\">{}</span>",
                                                     escaped_html(one.reason))),
               "<span class=\"wrap\">" + runs_of(source, one) + "</span>"});
  }
  return text + fmt::format("<details>\n<summary>{} comparison{}</summary>\n{}</details>\n",
                            claim.comparisons.size(), claim.comparisons.size() == 1 ? "" : "s",
                            table.html());
}

}  // namespace

std::string claims_html(const ReportSource& source) {
  std::string text;
  for (const auto& report : source.claims) {
    text += fmt::format("<p>{}</p>\n", escaped_html(claim_method(report)));
    for (const auto& claim : report.claims) text += claim_html(source, claim);
  }
  return text;
}

}  // namespace laq::analysis
