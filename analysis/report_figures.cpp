#include <fmt/format.h>

#include <algorithm>

#include "analysis/chart_claims.hpp"
#include "analysis/html.hpp"
#include "analysis/report_parts.hpp"

namespace laq::analysis {
namespace {

constexpr std::size_t kOpenLinks = 6;

std::string run_links(const ReportSource& source, const Chart& chart) {
  std::vector<std::size_t> shown = chart.series;
  std::sort(shown.begin(), shown.end());
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  std::string links;
  for (const auto& series : source.data.series) {
    if (!std::binary_search(shown.begin(), shown.end(), series.first_job)) continue;
    links += (links.empty() ? "" : ", ") +
             link_to(series_anchor(series.first_job), escaped_html(series.label));
  }
  if (links.empty()) return "";
  if (shown.size() <= kOpenLinks) return " Runs: " + links + ".";
  return fmt::format("<details><summary>Runs of this figure</summary>{}</details>", links);
}

std::string figure_html(const ReportSource& source, std::size_t index) {
  const Chart& chart = source.charts.drawn[index];
  return fmt::format(
      "<figure id=\"figure-{0}\">\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Figure: {1}\">\n{2}</div>\n<figcaption>{3}{4}</figcaption>\n</figure>\n",
      escaped_html(chart.name), escaped_html(chart.title), source.figures[index],
      escaped_html(chart.caption), run_links(source, chart));
}

}  // namespace

std::string figures_of_kind(const ReportSource& source, const std::string& kind) {
  std::string text;
  for (std::size_t i = 0; i < source.charts.drawn.size(); ++i) {
    const Chart& chart = source.charts.drawn[i];
    if (chart.kind != kind) continue;
    const std::string figure = figure_html(source, i);
    text += chart.detail ? fmt::format("<details>\n<summary>{}</summary>\n{}</details>\n",
                                       escaped_html(chart.title), figure)
                         : figure;
  }
  return text;
}

std::string figures_html(const ReportSource& source) {
  // What shows the whole sweep first.
  std::vector<std::string> kinds;
  for (const bool detail : {false, true}) {
    for (const auto& chart : source.charts.drawn) {
      if (chart.detail == detail && chart.kind != kClaimsKind &&
          std::find(kinds.begin(), kinds.end(), chart.kind) == kinds.end())
        kinds.push_back(chart.kind);
    }
  }
  std::string text;
  for (const auto& kind : kinds)
    text += fmt::format("<h3>{}</h3>\n", escaped_html(kind)) + figures_of_kind(source, kind);
  if (source.charts.left_out.empty()) return text;
  text += "<h3>Not drawn</h3>\n<ul>\n";
  for (const auto& one : source.charts.left_out)
    text += fmt::format("<li>{}: {}.</li>\n", escaped_html(one.title), escaped_html(one.reason));
  return text + "</ul>\n";
}

}  // namespace laq::analysis
