#include "analysis/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <map>
#include <set>

#include "analysis/chart.hpp"
#include "analysis/claims.hpp"
#include "analysis/draw.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "embedded/report.css.hpp"
#include "embedded/report.html.hpp"
#include "record/provenance.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

using Data = kainjow::mustache::data;
using Object = kainjow::mustache::object;
using List = kainjow::mustache::list;

constexpr std::size_t kLongText = 48;  // is wrapped
constexpr std::size_t kOpenLinks = 6;  // below a figure; more are folded

// An empty text counts as a place that is left out.
Data text(const std::string& words) {
  return words.empty() ? Data(false) : Data(words);
}

template <typename T, typename Of>
List list_of(const std::vector<T>& all, Of of) {
  List list;
  for (const auto& one : all) list.push_back(of(one));
  return list;
}

List lines(const std::vector<std::string>& texts) {
  return list_of(texts, [](const std::string& line) { return Object{{"line", line}}; });
}

/// What fills the template.
class Page {
 public:
  Page(const Table& table, const fs::path& configs)
      : table_(table), charts_(make_charts(*table.data, configs)) {
    const auto& jobs = table.data->plan->jobs;
    for (std::size_t i = 0; i < jobs.size(); ++i) anchors_[jobs[i].folder.string()] = run_anchor(i);
    std::vector<Block> claims;
    for (const auto& report : judge_claims(configs, std::vector{table.data})) {
      const auto planned = [](const Claim& claim) { return !claim.comparisons.empty(); };
      if (std::ranges::none_of(report.claims, planned)) continue;
      charts_.add(claims_charts(report));
      for (auto& block : claims_document(report).blocks) claims.push_back(std::move(block));
    }
    figures_ = inline_figures(charts_.drawn);
    add_table();
    if (!claims.empty()) add("claims", "The papers’ claims", claims, {kClaimsKind});
    add_figures();
    add("configuration", "Configuration", {configuration_block(table)});
    add("runs", "Runs", {run_block(table)});
    add("provenance", "Provenance", {provenance_block(table)});
  }

  std::string render() const;

 private:
  void add(const std::string& id, const std::string& title, const std::vector<Block>& blocks,
           const std::vector<std::string>& kinds = {}) {
    if (blocks.empty() && kinds.empty()) return;
    const auto figures = [&](const std::string& kind) {
      return Object{{"kind", text(kind == kClaimsKind ? "" : kind)}, {"figures", figures_of(kind)}};
    };
    sections_.push_back(Object{{"section_id", id},
                               {"section_title", title},
                               {"kinds", list_of(kinds, figures)},
                               {"blocks", list_of(blocks, [&](auto& one) { return of(one); })}});
  }

  void add_table() {
    std::vector<Block> results, missing, training;
    for (const auto& block : document_.blocks) {
      if (block.sheets.empty() && !block.items.empty()) {
        missing.push_back({"", {}, {}, block.items});
      } else {
        (results.empty() ? results : training).push_back({"", {}, block.sheets});
      }
    }
    add("results", "Results", results);
    add("missing", "Runs without a result", missing);
    add("training", "Training", training);
  }

  // What shows the whole sweep first.
  void add_figures() {
    std::vector<std::string> kinds;
    for (const bool detail : {false, true}) {
      for (const auto& chart : charts_.drawn) {
        if (chart.detail == detail && chart.kind != kClaimsKind) add_once(kinds, chart.kind);
      }
    }
    Block left_out{"Not drawn"};
    for (const auto& one : charts_.left_out)
      left_out.items.push_back(one.title + ": " + one.reason + ".");
    add("figures", "Figures",
        left_out.items.empty() ? std::vector<Block>() : std::vector{std::move(left_out)}, kinds);
  }

  List figures_of(const std::string& kind) const {
    List figures;
    for (std::size_t i = 0; i < charts_.drawn.size(); ++i) {
      const Chart& chart = charts_.drawn[i];
      if (chart.kind != kind) continue;
      const std::set<std::size_t> shown(chart.series.begin(), chart.series.end());
      List links;
      for (const auto& series : table_.data->series) {
        if (!shown.contains(series.first_job)) continue;
        links.push_back(Object{{"separator", links.empty() ? "" : ", "},
                               {"place", series_anchor(series.first_job)},
                               {"label", series.label}});
      }
      figures.push_back(Object{{"name", chart.name},
                               {"title", chart.title},
                               {"caption", chart.caption},
                               {"svgs", figures_[i]},
                               {"detail", chart.detail},
                               {"few_runs", !links.empty() && links.size() <= kOpenLinks},
                               {"many_runs", links.size() > kOpenLinks},
                               {"links", links}});
    }
    return figures;
  }

  std::string html_of(const SheetCell& cell) const {
    std::string html;
    for (const auto& [place, name] : cell.links) {
      const auto known = anchors_.find(place);
      if (known != anchors_.end())
        html += fmt::format(" <a href=\"#{}\">{}</a>", known->second, escaped_html(name));
    }
    if (!html.empty()) return html;
    if (cell.text.empty()) return "<span class=\"soft\">–</span>";
    html = escaped_html(cell.text);
    const bool long_text = cell.text.size() > kLongText;
    if (cell.tone == SheetCell::Tone::strong) {
      html = fmt::format("<strong>{}</strong>", html);
    } else if (cell.tone == SheetCell::Tone::code) {
      const std::string whole = escaped_html(cell.whole);
      html = fmt::format("<code{}>{}</code>",
                         whole.empty() ? "" : fmt::format(" title=\"{}\"", whole), html);
    } else if (const bool bad = cell.tone == SheetCell::Tone::bad; bad || long_text) {
      html = fmt::format("<span class=\"{}{}{}\">{}</span>", bad ? "bad" : "",
                         bad && long_text ? " " : "", long_text ? "wrap" : "", html);
    }
    if (cell.dagger) html += "†";
    return cell.anchor.empty()
               ? html
               : fmt::format("<a href=\"#{}\">{}</a>", escaped_html(cell.anchor), html);
  }

  // Rows below a head make a body of their own.
  Object of(const Sheet& sheet) const {
    List bodies;
    for (const auto& row : sheet.rows) {
      const bool head = row.cells.size() == 1 && sheet.heads.size() > 1;
      if (head || bodies.empty())
        bodies.push_back(Object{{"body_head", text(head ? row.cells[0].text : "")},
                                {"body_id", text(head ? row.id : "")},
                                {"width", std::to_string(sheet.heads.size())},
                                {"rows", List()}});
      if (head) continue;
      List cells;
      for (std::size_t i = 0; i < row.cells.size(); ++i)
        cells.push_back(Object{
            {"first", i == 0}, {"left", sheet.heads[i].left}, {"cell", html_of(row.cells[i])}});
      bodies.back()["rows"].push_back(
          Object{{"row_id", text(row.id)}, {"apart", row.begins_group}, {"cells", cells}});
    }
    const auto head = [](const SheetHead& one) {
      return Object{{"group", text(one.group)}, {"head", one.text}, {"left", one.left}};
    };
    return {{"sheet_title", sheet.title},
            {"heads", list_of(sheet.heads, head)},
            {"bodies", bodies},
            {"notes", lines(sheet.notes)}};
  }

  Object of(const Block& block) const {
    // The comparisons behind a judgement.
    const std::size_t folded =
        block.id.empty() || block.sheets.empty() ? 0 : block.sheets[0].rows.size();
    return {{"block_title", text(block.title)},
            {"block_id", text(block.id)},
            {"fold", text(folded ? counted(folded, "comparison") : "")},
            {"paragraphs", lines(block.paragraphs)},
            {"sheets", list_of(block.sheets, [&](const Sheet& one) { return of(one); })},
            {"list", block.items.empty() ? Data(false) : Data("items", lines(block.items))}};
  }

  const Table& table_;
  Document document_ = document(table_);
  Charts charts_;
  std::vector<std::string> figures_;            // HTML of the drawn charts
  std::map<std::string, std::string> anchors_;  // of runs, by folder
  List sections_;
};

// "10 completed, 1 diverged, 1 not run".
std::string counts(const SweepData& data) {
  std::map<std::string, std::size_t> states;
  for (const auto& series : data.series) {
    for (const auto& run : series.runs) ++states[run.state_words()];
  }
  std::vector<std::string> parts;
  for (const auto& [state, n] : states) parts.push_back(fmt::format("{} {}", n, state));
  return join(parts);
}

std::string Page::render() const {
  auto introduction = document_.blocks.front().paragraphs;
  std::string warning;
  if (!table_.of_the_paper()) {
    warning = introduction.front();
    introduction.erase(introduction.begin());
  }
  const sweep::Plan& plan = *table_.data->plan;
  const std::size_t planned = plan.jobs.size();
  kainjow::mustache::mustache page{std::string(kReportPage)};
  page.set_custom_escape(escaped_html);
  return page.render(Object{{"page_title", table_.title + ": " + table_.profile_title},
                            {"style", std::string(kReportStyle)},
                            {"heading", table_.heading(table_.title)},
                            {"warning", text(warning)},
                            {"introduction", lines(introduction)},
                            {"planned", counted(planned, "run") + " planned"},
                            {"counts", counts(*table_.data)},
                            {"sections", sections_},
                            {"runs_folder", plan.runs.generic_string()},
                            {"version", std::string(record::version())},
                            {"commit", std::string(record::git_commit())},
                            {"dirty", record::git_dirty()}});
}

}  // namespace

std::string html_report(const Table& table, const fs::path& configs) {
  return Page(table, configs).render();
}

}  // namespace laq::analysis
