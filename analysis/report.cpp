#include "analysis/report.hpp"

#include <fmt/format.h>

#include "analysis/chart_claims.hpp"
#include "analysis/draw.hpp"
#include "analysis/html.hpp"
#include "analysis/report_parts.hpp"
#include "analysis/wording.hpp"
#include "embedded/report.css.hpp"
#include "embedded/report.html.hpp"
#include "record/provenance.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

struct Section {
  const char *id, *title;
  std::string html;
};

ReportSource source_of(const sweep::Plan& plan, const fs::path& configs) {
  ReportSource source{plan, make_table(plan, configs), read_sweep(plan), {}, {}, {}};
  source.charts = make_charts(source.data, configs);
  source.claims = judge_claims(configs, {plan});
  for (const auto& report : source.claims) source.charts.add(claims_charts(report));
  source.figures = inline_figures(source.charts.drawn);
  return source;
}

std::string introduction(const ReportSource& source) {
  std::string text = fmt::format("<p>{} {}</p>\n", escaped_html(protocol_sentence(source.table)),
                                 counts_html(source));
  for (const auto& note : source.table.notes)
    text += fmt::format("<p>{}</p>\n", escaped_html(note));
  return text + "<p>Every number links to the runs that it is made of.</p>\n";
}

}  // namespace

std::string html_report(const sweep::Plan& plan, const fs::path& configs) {
  const ReportSource source = source_of(plan, configs);
  const Section all[] = {{"results", "Results", results_html(source)},
                         {"missing", "Runs without a result", missing_html(source)},
                         {"training", "Training", training_html(source)},
                         {"claims", "The papers’ claims", claims_html(source)},
                         {"figures", "Figures", figures_html(source)},
                         {"configuration", "Configuration", configuration_html(source)},
                         {"runs", "Runs", runs_html(source)},
                         {"provenance", "Provenance", provenance_html(source)}};
  std::string contents, sections;
  for (const auto& section : all) {
    if (section.html.empty()) continue;
    contents += fmt::format("<li>{}</li>\n", link_to(section.id, section.title));
    sections += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 "
        "id=\"{0}-title\">{1}</h2>\n{2}</section>\n",
        section.id, section.title, section.html);
  }
  return fill(
      kReportPage,
      {{"title", escaped_html(source.table.title + ": " + source.table.profile_title)},
       {"style", kReportStyle},
       {"heading", escaped_html(heading(source.table))},
       {"introduction", introduction(source)},
       {"banner", banner_html(source)},
       {"contents", contents},
       {"sections", sections},
       {"footer", fmt::format("Made from the records in <code>{}</code> by laq {}, commit "
                              "<code>{}</code>{}.",
                              escaped_html(plan.runs.generic_string()),
                              escaped_html(record::version()), escaped_html(record::git_commit()),
                              record::git_dirty() ? " with local changes" : "")}});
}

}  // namespace laq::analysis
