#include <fmt/format.h>

#include <functional>

#include "analysis/markdown_grid.hpp"
#include "analysis/render.hpp"
#include "analysis/wording.hpp"

namespace laq::analysis {
namespace {

constexpr const char* kNone = "–";
constexpr const char* kDagger = "†";

Grid started(const Table& table) {
  Grid grid;
  grid.rows.push_back({"method"});
  for (const auto& axis : table.axes) grid.rows[0].push_back(markdown_escaped(axis));
  grid.left = grid.rows[0].size();
  for (const auto& row : table.rows) {
    grid.rows.push_back({markdown_escaped(row.title)});
    for (const auto& [axis, value] : row.point) grid.rows.back().push_back(markdown_escaped(value));
    grid.rows.back().resize(grid.left);
  }
  return grid;
}

std::string ours(const Column& column, const Entry& entry) {
  if (entry.ours.n == 0) return missing_states(entry);
  const std::string mean = fixed(entry.ours.mean, column.decimals);
  const std::string text =
      entry.ours.sd ? mean + " ± " + fixed(*entry.ours.sd, column.decimals) : mean;
  return entry.best ? "**" + text + "**" : text;
}

std::string figure(const Table& table, const Entry& entry) {
  if (!entry.paper) return kNone;
  if (!entry.paper->checked) return entry.paper->text + kDagger;
  return entry.paper->text + (table.has_unchecked() ? " " : "");  // digits below digits
}

std::string results(const Table& table) {
  Grid grid = started(table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const bool paper = table.has_figures(c);
    auto& head = grid.rows[0];
    head.push_back(markdown_escaped(table.columns[c].title) + (paper ? " (ours)" : ""));
    head.push_back("n");
    if (paper) head.insert(head.end(), {"paper", "ours − paper"});
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const Entry& entry = table.rows[r].entries[c];
      auto& row = grid.rows[r + 1];
      row.push_back(ours(table.columns[c], entry));
      row.push_back(count_text(entry));
      if (!paper) continue;
      row.push_back(figure(table, entry));
      row.push_back(entry.difference
                        ? typographic(signed_fixed(*entry.difference, table.columns[c].decimals))
                        : kNone);
    }
  }
  return grid.text();
}

// Columns that are the same kind of figure for each experiment.
using Cells = std::function<std::vector<std::string>(const Entry&)>;

std::string plain(const Table& table, const std::vector<std::string>& heads, const Cells& cells) {
  Grid grid = started(table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    for (std::size_t i = 0; i < heads.size(); ++i) {
      const std::string title = markdown_escaped(table.columns[c].title);
      grid.rows[0].push_back(i == 0 ? title + ", " + heads[i] : heads[i]);
    }
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      for (const auto& text : cells(table.rows[r].entries[c]))
        grid.rows[r + 1].push_back(text.empty() ? kNone : text);
    }
  }
  return grid.text();
}

std::string training(const Table& table) {
  return plain(table, {"ms per step", "solver rounds", "best epoch"}, training_cells);
}

std::string sizes(const Table& table) {
  return plain(table, {"bits", "MiB", "compression"}, size_cells);
}

}  // namespace

std::string markdown(const Table& table) {
  std::string text = fmt::format("# {}\n\n{}\n", markdown_escaped(heading(table)),
                                 markdown_escaped(protocol_sentence(table)));
  for (const auto& note : table.notes) text += fmt::format("\n{}\n", markdown_escaped(note));
  text += fmt::format("\n{}\n", results(table));
  if (table.has_unchecked()) text += fmt::format("{} {}  \n", kDagger, dagger_note());
  if (table.has_best()) text += best_note() + "  \n";
  if (has_single_runs(table)) text += single_run_note() + "  \n";
  for (const auto& note : unequal_seed_notes(table)) text += markdown_escaped(note) + "  \n";
  if (const auto source = source_note(table); !source.empty())
    text += markdown_escaped(source) + "  \n";
  text += markdown_escaped(provenance_note(table)) + "\n";
  std::vector<std::string> missing = absent_lines(table);
  for (auto& line : missing_lines(table)) missing.push_back(std::move(line));
  if (!missing.empty()) {
    text += "\n## Missing runs\n\n";
    for (const auto& line : missing) text += fmt::format("- {}\n", markdown_escaped(line));
  }
  if (has_training(table)) {
    text += "\n## Training\n\n" + training(table);
    if (const auto note = step_note(table); !note.empty()) text += "\n" + note + "\n";
  }
  if (!table.rows.empty()) {
    text += "\n## Size of the weights\n\n" + sizes(table) + "\n" + size_note() + "\n";
  }
  return text;
}

}  // namespace laq::analysis
