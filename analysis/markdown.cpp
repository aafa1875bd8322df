#include <fmt/format.h>

#include <algorithm>

#include "analysis/markdown_grid.hpp"
#include "analysis/render.hpp"
#include "analysis/wording.hpp"

namespace laq::analysis {
namespace {

constexpr const char* kNone = "–";
constexpr const char* kDagger = "†";

// The sign in typography's minus, as wide as the plus.
std::string minus(std::string text) {
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

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

std::string ours(const Table& table, const Entry& entry) {
  if (entry.ours.n == 0) return missing_states(entry);
  const std::string mean = fixed(entry.ours.mean, table.decimals);
  return entry.ours.sd ? mean + " ± " + fixed(*entry.ours.sd, table.decimals) : mean;
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
      row.push_back(ours(table, entry));
      row.push_back(count_text(entry));
      if (!paper) continue;
      row.push_back(figure(table, entry));
      row.push_back(entry.difference ? minus(signed_fixed(*entry.difference, table.decimals))
                                     : kNone);
    }
  }
  return grid.text();
}

std::string training(const Table& table) {
  Grid grid = started(table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const std::string title = markdown_escaped(table.columns[c].title);
    grid.rows[0].insert(grid.rows[0].end(), {title + ", ms per step", "best epoch"});
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const Cell& cell = table.rows[r].entries[c].cell;
      const std::string step = optional_fixed(cell.step_ms(), 1);
      const std::string epoch = epoch_text(cell.best_epoch());
      auto& row = grid.rows[r + 1];
      row.push_back(step.empty() ? kNone : step);
      row.push_back(epoch.empty() ? kNone : epoch);
    }
  }
  return grid.text();
}

}  // namespace

std::string markdown(const Table& table) {
  std::string text = fmt::format("# {}\n\n{}\n", markdown_escaped(heading(table)),
                                 markdown_escaped(protocol_sentence(table)));
  for (const auto& note : table.notes) text += fmt::format("\n{}\n", markdown_escaped(note));
  text += fmt::format("\n{}\n", results(table));
  if (table.has_unchecked()) text += fmt::format("{} {}  \n", kDagger, dagger_note());
  if (has_single_runs(table)) text += single_run_note() + "  \n";
  if (const auto source = source_note(table); !source.empty())
    text += markdown_escaped(source) + "  \n";
  text += markdown_escaped(provenance_note(table)) + "\n";
  if (const auto missing = missing_lines(table); !missing.empty()) {
    text += "\n## Missing runs\n\n";
    for (const auto& line : missing) text += fmt::format("- {}\n", markdown_escaped(line));
  }
  if (has_training(table)) {
    text += "\n## Training (median over the runs)\n\n" + training(table);
  }
  return text;
}

}  // namespace laq::analysis
