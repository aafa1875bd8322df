#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "analysis/html.hpp"
#include "analysis/report_parts.hpp"
#include "analysis/wording.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr const char* kNone = "<span class=\"soft\">–</span>";

std::string linked(const Cell& cell, const std::string& html) {
  return html.empty() ? kNone : link_to(series_anchor(cell.first_job), html);
}

std::string ours(const Column& column, const Entry& entry) {
  if (entry.cell.planned() == 0) return kNone;
  if (entry.ours.n == 0)
    return linked(entry.cell, fmt::format("<span class=\"bad\">{}</span>",
                                          escaped_html(missing_states(entry))));
  std::string text = fixed(entry.ours.mean, column.decimals);
  if (entry.ours.sd) text += " ± " + fixed(*entry.ours.sd, column.decimals);
  if (entry.best) text = "<strong>" + text + "</strong>";
  return linked(entry.cell, text);
}

std::string count(const Entry& entry) {
  const std::string text = count_text(entry);
  return entry.ours.n == entry.cell.planned() ? text
                                              : fmt::format("<span class=\"bad\">{}</span>", text);
}

std::vector<std::string> row_head(const Row& row) {
  std::vector<std::string> cells = {escaped_html(row.title)};
  for (const auto& point : row.point) cells.push_back(escaped_html(point.second));
  return cells;
}

std::vector<std::string> heads(const Table& table) {
  std::vector<std::string> all = {"Method"};
  for (const auto& axis : table.axes) all.push_back(escaped_html(axis));
  return all;
}

std::string figure(const Entry& entry) {
  if (!entry.paper) return kNone;
  return escaped_html(entry.paper->text) + (entry.paper->checked ? "" : "†");
}

std::string note_html(const std::string& note) {
  return note.empty() ? "" : "<p class=\"soft\">" + escaped_html(note) + "</p>\n";
}

// Columns that are the same kind of number for each experiment.
using Cells = std::function<std::vector<std::string>(const Entry&)>;

std::string plain(const Table& table, const std::string& caption,
                  const std::vector<std::string>& kinds, const Cells& cells) {
  std::vector<std::string> head = heads(table);
  const std::size_t left = head.size();
  for (const auto& column : table.columns) {
    for (std::size_t i = 0; i < kinds.size(); ++i)
      head.push_back(i == 0 ? escaped_html(column.title) + "<br>" + kinds[i] : kinds[i]);
  }
  HtmlTable grid(caption, head, left);
  for (const auto& row : table.rows) {
    std::vector<std::string> line = row_head(row);
    for (const auto& entry : row.entries) {
      for (const auto& text : cells(entry))
        line.push_back(entry.cell.planned() == 0 ? kNone : linked(entry.cell, escaped_html(text)));
    }
    grid.row(line);
  }
  return grid.html();
}

}  // namespace

std::string series_anchor(std::size_t first_job) {
  return fmt::format("runs-{}", first_job);
}

std::string run_anchor(std::size_t job) {
  return fmt::format("run-{}", job);
}

std::string counts_html(const ReportSource& source) {
  std::size_t planned = 0;
  std::map<std::string, std::size_t> states;
  for (const auto& series : source.data.series) {
    for (const auto& run : series.runs) {
      ++planned;
      ++states[run.state_words()];
    }
  }
  std::vector<std::string> parts;
  for (const auto& [state, n] : states) parts.push_back(fmt::format("{} {}", n, state));
  return fmt::format("{} run{} planned: {}.", planned, planned == 1 ? "" : "s",
                     link_to("runs", join(parts)));
}

std::string banner_html(const ReportSource& source) {
  const Table& table = source.table;
  std::vector<std::string> lines;
  if (!table.paper_protocol) {
    lines.push_back(fmt::format("<strong>{}: not the paper’s protocol.</strong> {}.",
                                escaped_html(capital(table.profile_title)),
                                escaped_html(join(table.departures, "; "))));
  }
  if (!table.overrides.empty()) {
    std::string words;
    for (const auto& word : table.overrides)
      words += fmt::format("{}<code>{}</code>", words.empty() ? "" : ", ", escaped_html(word));
    lines.push_back("Changed for all runs: " + words + ".");
  }
  const auto lacking =
      std::any_of(source.data.series.begin(), source.data.series.end(),
                  [](const Series& series) { return series.completed() < series.runs.size(); });
  if (lacking)
    lines.push_back("<strong>Not all planned runs have a result</strong>; see " +
                    link_to("runs", "the runs") + ".");
  if (lines.empty()) return "";
  std::string text = "<div class=\"banner\" role=\"note\">\n";
  for (const auto& line : lines) text += "<p>" + line + "</p>\n";
  return text + "</div>\n";
}

std::string results_html(const ReportSource& source) {
  const Table& table = source.table;
  std::vector<std::string> head = heads(table);
  const std::size_t left = head.size();
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const bool paper = table.has_figures(c);
    const std::string title = escaped_html(table.columns[c].title);
    head.push_back(title + (paper ? "<br>ours" : ""));
    head.push_back("runs");
    if (paper) head.insert(head.end(), {title + "<br>paper", "ours −<br>paper"});
  }
  HtmlTable grid(table.title, head, left);
  for (const auto& row : table.rows) {
    std::vector<std::string> cells = row_head(row);
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Entry& entry = row.entries[c];
      cells.push_back(ours(table.columns[c], entry));
      cells.push_back(count(entry));
      if (!table.has_figures(c)) continue;
      cells.push_back(figure(entry));
      const int decimals = table.columns[c].decimals;
      cells.push_back(entry.difference ? linked(entry.cell, typographic(signed_fixed(
                                                                *entry.difference, decimals)))
                                       : kNone);
    }
    grid.row(cells);
  }
  std::string text = grid.html();
  std::vector<std::string> notes = {"± is the standard deviation over seeds."};
  if (table.has_best()) notes.push_back(best_note());
  if (has_single_runs(table)) notes.push_back(single_run_note());
  for (auto& note : unequal_seed_notes(table)) notes.push_back(std::move(note));
  if (table.has_unchecked()) notes.push_back("† " + dagger_note());
  if (const auto note = source_note(table); !note.empty()) notes.push_back(note);
  for (const auto& note : notes) text += note_html(note);
  return text;
}

std::string missing_html(const ReportSource& source) {
  std::string text;
  for (const auto& line : absent_lines(source.table))
    text += fmt::format("<li><span class=\"bad\">{}</span></li>\n", escaped_html(line));
  for (const auto& row : source.table.rows) {
    for (std::size_t c = 0; c < row.entries.size(); ++c) {
      for (const auto& run : row.entries[c].cell.missing) {
        text +=
            fmt::format("<li>{}: <span class=\"bad\">{}</span></li>\n",
                        linked(row.entries[c].cell,
                               escaped_html(fmt::format("{}, {}, seed {}", row_name(row),
                                                        source.table.columns[c].title, run.seed))),
                        escaped_html(run.reason));
      }
    }
  }
  return text.empty() ? "" : "<ul>\n" + text + "</ul>\n";
}

std::string training_html(const ReportSource& source) {
  const Table& table = source.table;
  std::string text;
  if (has_training(table)) {
    text +=
        plain(table, "Training", {"ms per step", "solver rounds", "best epoch"}, training_cells);
    text += note_html(step_note(table));
  }
  if (table.rows.empty()) return text;
  text += plain(table, "Size of the weights", {"bits", "MiB", "compression"}, size_cells);
  return text + note_html(size_note());
}

}  // namespace laq::analysis
