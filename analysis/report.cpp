#include "analysis/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <map>

#include "analysis/chart_claims.hpp"
#include "analysis/claims_text.hpp"
#include "analysis/draw.hpp"
#include "analysis/html.hpp"
#include "analysis/report_parts.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "embedded/report.css.hpp"
#include "embedded/report.html.hpp"
#include "record/provenance.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

using Data = kainjow::mustache::data;

constexpr std::size_t kLongText = 48;  // is wrapped

// An empty text counts as a place that is left out.
void set(Data& data, const std::string& key, const std::string& text) {
  data.set(key, text.empty() ? Data(false) : Data(text));
}

Data lines(const std::vector<std::string>& texts) {
  Data all{Data::type::list};
  for (const auto& text : texts) all << Data("line", text);
  return all;
}

/// Fills the template's places of a document's blocks.
class Page {
 public:
  explicit Page(const ReportSource& source) {
    for (std::size_t i = 0; i < source.plan.jobs.size(); ++i)
      anchors_[source.plan.jobs[i].folder.string()] = run_anchor(i);
  }

  void add(const std::string& id, const std::string& title, const std::vector<Block>& blocks,
           const std::string& above = "", const std::string& below = "") {
    if (blocks.empty() && above.empty() && below.empty()) return;
    Data section, all{Data::type::list};
    for (const auto& block : blocks) all << of(block);
    section.set("section_id", id);
    section.set("section_title", title);
    section.set("above", above);
    section.set("below", below);
    section.set("blocks", all);
    sections_ << section;
  }
  const Data& sections() const { return sections_; }

 private:
  Data of(const SheetCell& cell, bool head, bool left) const {
    Data data;
    const bool long_text = cell.text.size() > kLongText;
    const std::string classes = left ? " class=\"text\"" : "";
    data.set("tag", head ? "th scope=\"row\"" + classes : "td" + classes);
    data.set("tag_end", std::string(head ? "th" : "td"));
    std::string tone, end;
    switch (cell.tone) {
      case SheetCell::Tone::plain:
        if (long_text) tone = "span class=\"wrap\"", end = "span";
        break;
      case SheetCell::Tone::strong:
        tone = end = "strong";
        break;
      case SheetCell::Tone::bad:
        tone = fmt::format("span class=\"bad{}\"", long_text ? " wrap" : "");
        end = "span";
        break;
      case SheetCell::Tone::code:
        tone = cell.whole.empty() ? "code"
                                  : fmt::format("code title=\"{}\"", escaped_html(cell.whole));
        end = "code";
        break;
    }
    const bool links = !cell.links.empty();
    data.set("none", cell.text.empty());
    set(data, "anchor", cell.anchor);
    set(data, "tone", cell.text.empty() || links ? "" : tone);
    set(data, "tone_end", cell.text.empty() || links ? "" : end);
    data.set("text", links ? "" : cell.text);
    data.set("dagger", cell.dagger);
    Data all{Data::type::list};
    for (const auto& [place, name] : cell.links) {
      const auto known = anchors_.find(place);
      if (known == anchors_.end()) continue;
      Data link;
      link.set("place", known->second);
      link.set("name", name);
      all << link;
    }
    data.set("links", all);
    return data;
  }

  Data of(const Sheet& sheet) const {
    Data data, heads{Data::type::list}, bodies{Data::type::list}, rows{Data::type::list}, body;
    for (const auto& head : sheet.heads) {
      Data one;
      set(one, "group", head.group);
      one.set("head", head.text);
      one.set("left", head.left);
      heads << one;
    }
    const auto begin = [&](const SheetRow* row) {
      body = Data();
      rows = Data(Data::type::list);
      set(body, "body_head", row ? row->cells[0].text : "");
      set(body, "body_id", row ? row->id : "");
      body.set("width", std::to_string(sheet.heads.size()));
    };
    const auto end = [&] {
      body.set("rows", rows);
      bodies << body;
    };
    begin(nullptr);
    for (std::size_t r = 0; r < sheet.rows.size(); ++r) {
      const SheetRow& row = sheet.rows[r];
      if (row.cells.size() == 1 && sheet.heads.size() > 1) {
        if (r > 0) end();
        begin(&row);
        continue;
      }
      Data one, cells{Data::type::list};
      for (std::size_t i = 0; i < row.cells.size(); ++i)
        cells << of(row.cells[i], i == 0, sheet.heads[i].left);
      set(one, "row_id", row.id);
      one.set("apart", row.begins_group);
      one.set("cells", cells);
      rows << one;
    }
    end();
    data.set("sheet_title", sheet.title);
    data.set("heads", heads);
    data.set("bodies", bodies);
    data.set("notes", lines(sheet.notes));
    return data;
  }

  Data of(const Block& block) const {
    Data data, sheets{Data::type::list}, list;
    for (const auto& sheet : block.sheets) sheets << of(sheet);
    set(data, "block_title", block.title);
    set(data, "block_id", block.id);
    // The comparisons behind a judgement.
    const bool folded = !block.id.empty() && !block.sheets.empty();
    set(data, "fold",
        folded ? fmt::format("{} comparison{}", block.sheets[0].rows.size(),
                             block.sheets[0].rows.size() == 1 ? "" : "s")
               : "");
    data.set("paragraphs", lines(block.paragraphs));
    data.set("sheets", sheets);
    list.set("items", lines(block.items));
    data.set("list", block.items.empty() ? Data(false) : list);
    return data;
  }

  std::map<std::string, std::string> anchors_;  // of runs, by folder
  Data sections_{Data::type::list};
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

std::string page_of(const ReportSource& source) {
  const Document table = document(source.table);
  Page page(source);
  std::vector<Block> results, missing, training, claims;
  for (const auto& block : table.blocks) {
    if (block.sheets.empty() && !block.items.empty()) {
      missing.push_back({"", {}, {}, block.items});
    } else if (results.empty()) {
      results.push_back({"", {}, block.sheets});
    } else {
      training.push_back({"", {}, block.sheets});
    }
  }
  for (const auto& report : source.claims) {
    for (auto& block : claims_document(report).blocks) claims.push_back(std::move(block));
  }
  page.add("results", "Results", results);
  page.add("missing", "Runs without a result", missing);
  page.add("training", "Training", training);
  page.add("claims", "The papers’ claims", claims, figures_of_kind(source, kClaimsKind));
  page.add("figures", "Figures", {}, figures_html(source));
  page.add("configuration", "Configuration", configuration_blocks(source));
  page.add("runs", "Runs", run_blocks(source));
  page.add("provenance", "Provenance", provenance_blocks(source));

  Data data;
  data.set("page_title", source.table.title + ": " + source.table.profile_title);
  data.set("style", std::string(kReportStyle));
  data.set("heading", heading(source.table));
  auto introduction = table.blocks.front().paragraphs;
  if (!source.table.paper_protocol) {
    data.set("warning", introduction.front());
    introduction.erase(introduction.begin());
  }
  data.set("introduction", lines(introduction));
  const std::size_t planned = source.plan.jobs.size();
  data.set("planned", fmt::format("{} run{} planned", planned, planned == 1 ? "" : "s"));
  data.set("counts", counts(source.data));
  data.set("sections", page.sections());
  data.set("runs_folder", source.plan.runs.generic_string());
  data.set("version", std::string(record::version()));
  data.set("commit", std::string(record::git_commit()));
  data.set("dirty", record::git_dirty());
  kainjow::mustache::mustache page_template{std::string(kReportPage)};
  if (!page_template.is_valid())
    throw Error({.what = "the page's template is broken: " + page_template.error_message()});
  page_template.set_custom_escape([](const std::string& text) { return escaped_html(text); });
  return page_template.render(data);
}

}  // namespace

std::string html_report(std::shared_ptr<const SweepData> data, const Table& table,
                        const fs::path& configs) {
  ReportSource source{*data->plan, table, *data, make_charts(*data, configs), {}, {}};
  source.claims = judge_claims(configs, std::vector{data});
  for (const auto& report : source.claims) source.charts.add(claims_charts(report));
  source.figures = inline_figures(source.charts.drawn);
  return page_of(source);
}

std::string html_report(const sweep::Plan& plan, const fs::path& configs) {
  const auto data = std::make_shared<const SweepData>(read_sweep(plan));
  return html_report(data, make_table(data, configs), configs);
}

}  // namespace laq::analysis
