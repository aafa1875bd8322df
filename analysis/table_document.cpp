#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <map>

#include "analysis/table.hpp"
#include "analysis/wording.hpp"
#include "core/lists.hpp"
#include "core/median.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

// Enough of a commit to be found again.
constexpr std::size_t kDateCharacters = 10;  // of an ISO 8601 time
constexpr double kMebi = 1024 * 1024;
const std::vector<std::string> kTraining = {"step_ms", "rounds", "best_epoch"},
                               kSizes = {"bits", "size", "compression"};
constexpr const char *kScore = "score", *kStep = "step_ms", *kSeconds = "seconds";

Summary alone(std::optional<double> value) {
  return value ? Summary{.n = 1, .mean = *value} : Summary{};
}

/// A metric that cells can show.
struct Measure {
  const char *name, *heading;
  int decimals;
  std::function<Summary(const Entry&)> of;
};

// What the runs have of it.
std::vector<double> values_of(const Entry& entry,
                              const std::function<std::optional<double>(const RunData&)>& of) {
  std::vector<double> values;
  for (const auto* run : entry.runs) {
    if (const auto value = of(*run)) values.push_back(*value);
  }
  return values;
}

Summary mean_rounds(const Entry& entry) {
  const auto rounds = [](const RunData& run) { return run.rounds; };
  return alone(summarize(values_of(entry, rounds)).known_mean());
}

Summary median_epoch(const Entry& entry) {
  const auto epoch = [](const RunData& run) { return run.final_number("best_epoch"); };
  return alone(median(values_of(entry, epoch)));
}

Measure final_measure(const char* name, const char* heading, int decimals) {
  const std::string key = name;
  const auto value = [key](const RunData& run) {
    return run.timed || key != kSeconds ? run.final_number(key) : std::nullopt;
  };
  return {name, heading, decimals,
          [value](const Entry& entry) { return summarize(values_of(entry, value)); }};
}

Measure size_measure(const char* name, const char* heading, int decimals,
                     double (*of)(const ModelSize&)) {
  return {name, heading, decimals,
          [of](const Entry& entry) { return entry.size ? alone(of(*entry.size)) : Summary{}; }};
}

const std::vector<Measure>& measures() {
  static const std::vector<Measure> all = {
      {kScore, "ours", 0, [](const Entry& entry) { return entry.ours; }},
      final_measure("test_error", "test error (%)", 2),
      final_measure("valid_error", "validation error (%)", 2),
      final_measure("test_loss", "test loss", 3),
      final_measure("valid_loss", "validation loss", 3),
      {kStep, "ms per step", 1, [](const Entry& entry) { return alone(entry.step_ms); }},
      {"rounds", "solver rounds", 1, mean_rounds},
      {"best_epoch", "best epoch", 0, median_epoch},
      final_measure(kSeconds, kSeconds, 0),
      size_measure("bits", "bits", 0, [](const ModelSize& size) { return double(size.bits); }),
      size_measure("size", "MiB", 2, [](const ModelSize& size) { return size.bytes() / kMebi; }),
      size_measure("compression", "compression", 1,
                   [](const ModelSize& size) { return size.compression(); }),
      {"file", "file (bytes)", 0, [](const Entry& entry) { return alone(entry.file_bytes); }}};
  return all;
}

const Measure& measure_named(const std::string& name) {
  for (const auto& one : measures()) {
    if (one.name == name) return one;
  }
  return measures().front();
}

std::string list(const std::set<std::string>& values) {
  return join({values.begin(), values.end()});
}

// The states of the runs without a result, each once.
std::string missing_states(const Entry& entry) {
  std::vector<std::string> states;
  for (const auto* run : entry.runs) {
    if (!run->completed()) add_once(states, run->short_why());
  }
  return states.empty() ? "not planned" : join(states);
}

SheetCell linked(const Entry& entry, SheetCell cell) {
  if (!entry.runs.empty() && !cell.text.empty())
    cell.anchor = series_anchor(entry.runs.front()->job);
  return cell;
}

SheetCell measure_cell(const Table& table, std::size_t c, const Entry& entry, const Measure& one) {
  const bool score = one.name == std::string(kScore);
  const Summary found = one.of(entry);
  if (found.n == 0) {
    const bool bad = score && entry.planned() > 0;
    return linked(entry, {score ? missing_states(entry) : "",
                          bad ? SheetCell::Tone::bad : SheetCell::Tone::plain});
  }
  const std::string name = one.name;
  const bool half = name == "best_epoch" && found.mean != std::floor(found.mean);
  const int decimals = score ? table.columns[c].decimals : half ? 1 : one.decimals;
  std::string text = fixed(found.mean, decimals);
  if (found.sd) text += " ± " + fixed(*found.sd, decimals);
  if (name == "compression") text += "×";
  if (name == kStep && entry.disturbed) text = "~" + text;
  const bool best = score && entry.best;
  return linked(entry, {text, best ? SheetCell::Tone::strong : SheetCell::Tone::plain});
}

/// A column of a sheet.
struct SheetColumn {
  SheetHead head;
  std::function<SheetCell(const Row&)> cell;
};

// What rows are called by.
std::vector<SheetColumn> leading_columns(const Table& table) {
  std::vector<SheetColumn> all;
  const bool methods =
      std::ranges::any_of(table.rows, [](const Row& row) { return !row.method.empty(); });
  if (methods)
    all.push_back({{"", "method", true}, [](const Row& row) { return SheetCell{row.title}; }});
  for (std::size_t i = 0; i < table.axes.size(); ++i) {
    all.push_back({{"", table.axes[i], true},
                   [i](const Row& row) { return SheetCell{row.point[i].second}; }});
  }
  return all;
}

// The metrics, those of the score with the count of runs, the paper's figure and what was chosen.
std::vector<SheetColumn> metric_columns(const Table& table, std::size_t c,
                                        const std::vector<std::string>& names) {
  const Column& column = table.columns[c];
  const bool alone = names.size() == 1;
  const bool paper = std::ranges::any_of(
      table.rows, [&](const Row& row) { return row.entries[c].paper.has_value(); });
  std::vector<SheetColumn> all;
  const auto add = [&](const std::string& head, const std::function<SheetCell(const Entry&)>& of) {
    all.push_back({{column.title, head}, [of, c](const Row& row) { return of(row.entries[c]); }});
  };
  for (const auto& name : names) {
    const bool score = name == kScore || name == metric_name(column.metric);
    const Measure& one = measure_named(score ? kScore : name);
    const std::string heading = !score  ? one.heading
                                : alone ? (paper ? "ours" : "")
                                        : measure_named(metric_name(column.metric)).heading;
    add(heading,
        [&table, &one, c](const Entry& entry) { return measure_cell(table, c, entry, one); });
    if (!score) continue;
    add("n", [](const Entry& entry) {
      const bool whole = entry.ours.n == entry.planned();
      return SheetCell{count_text(entry), whole ? SheetCell::Tone::plain : SheetCell::Tone::bad};
    });
    if (table.layout.select_valid)
      add("chosen", [](const Entry& entry) { return SheetCell{entry.chosen}; });
    if (!paper) continue;
    add("paper", [](const Entry& entry) {
      SheetCell cell{entry.paper ? entry.paper->text : ""};
      cell.dagger = entry.paper && !entry.paper->checked;
      return cell;
    });
    add("ours − paper", [decimals = column.decimals](const Entry& entry) {
      if (!entry.difference) return SheetCell{};
      return linked(entry, {typographic(signed_fixed(*entry.difference, decimals))});
    });
  }
  return all;
}

// What is to be known of metrics.
std::vector<std::string> metric_notes(const Table& table, const std::vector<std::string>& names) {
  std::vector<std::string> notes;
  if (has(names, kStep) &&
      table.any([](const Entry& entry) { return entry.step_ms.has_value(); })) {
    notes.emplace_back(
        "ms per step: the median of the epoch with the lowest one, in the least disturbed run.");
    if (table.any([](const Entry& entry) { return entry.disturbed; })) {
      notes.back() +=
          " ~: no measure of speed: another run was under way on the machine, or the medians of "
          "the epochs differ by more than a quarter.";
    }
  }
  const std::string source = table.data->times_sentence();
  if ((has(names, kStep) || has(names, kSeconds)) && !source.empty()) notes.push_back(source);
  if (std::ranges::any_of(kSizes, [&](const auto& name) { return has(names, name); })) {
    notes.emplace_back(
        "Quantizable weights only: a code of ⌈log2 levels⌉ bits for each and 32 bits for each "
        "scale, against 32 bits for each weight.");
  }
  if (has(names, "file")) {
    notes.emplace_back(
        "The file that `laq export` makes, with biases, batch norm, preprocessing and header; "
        "empty where the run's weights are not here.");
  }
  return notes;
}

// With heads over each block, and space between groups of methods.
Sheet sheet_of(const Table& table, const std::string& title,
               const std::vector<std::string>& names) {
  std::vector<SheetColumn> columns = leading_columns(table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    for (auto& one : metric_columns(table, c, names)) columns.push_back(std::move(one));
  }
  Sheet sheet{title, {}, {}, metric_notes(table, names)};
  for (const auto& column : columns) sheet.heads.push_back(column.head);
  const Row* last = nullptr;
  for (const Row& row : table.rows) {
    const bool new_block = !last || row.block != last->block;
    if (new_block && !row.block.empty())
      sheet.add({{row.block, SheetCell::Tone::strong}}, last != nullptr);
    std::vector<SheetCell> cells;
    for (const auto& column : columns) cells.push_back(column.cell(row));
    sheet.add(std::move(cells), !new_block && row.group != last->group);
    last = &row;
  }
  return sheet;
}

// "LATe (0.01, glorot) and TWN (0.01, glorot)", "LATe and 12 other rows": the heads name the keys.
std::string names_of(const std::vector<const Row*>& rows) {
  const auto name = [](const Row& row) {
    if (row.title.empty() || row.point.empty()) return row_name(row);
    std::vector<std::string> values;
    for (const auto& [axis, value] : row.point) values.push_back(value);
    return fmt::format("{} ({})", row.title, join(values));
  };
  std::string text = name(*rows.front());
  if (rows.size() == 2) text += " and " + name(*rows.back());
  if (rows.size() > 2) text += fmt::format(" and {} other rows", rows.size() - 1);
  return text;
}

std::vector<std::string> unequal_seed_notes(const Table& table) {
  std::vector<std::string> notes;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::map<std::set<std::int64_t>, std::vector<const Row*>> rows;  // by the seeds of their mean
    for (const Row& row : table.rows) {
      std::set<std::int64_t> seeds;
      for (const auto* run : row.entries[c].runs) {
        if (run->completed()) seeds.insert(run->seed);
      }
      if (!seeds.empty()) rows[seeds].push_back(&row);
    }
    if (rows.size() < 2) continue;
    const auto most = std::ranges::max_element(
        rows, {}, [](const auto& one) { return std::pair(one.second.size(), one.first.size()); });
    std::vector<std::string> others;
    for (const auto& [seeds, with] : rows) {
      if (seeds != most->first)
        others.push_back(fmt::format("{} {}", names_of(with), seed_ranges(seeds)));
    }
    notes.push_back(fmt::format("{}: not all means are over the same seeds: {}, but {}.",
                                table.columns[c].title, seed_ranges(most->first),
                                join(others, "; ")));
  }
  return notes;
}

std::string provenance_note(const Table& table) {
  const Origin& origin = table.origin;
  if (origin.empty()) return "No run is completed yet.";
  std::set<std::string> commits;
  for (const auto& commit : origin.commits) commits.insert(short_commit(commit));
  const std::string first = origin.times.begin()->substr(0, kDateCharacters);
  const std::string last = origin.times.rbegin()->substr(0, kDateCharacters);
  std::vector<std::string> parts = {"commit " + list(commits)};
  if (!origin.cpus.empty()) parts.push_back(list(origin.cpus));
  if (origin.devices != std::set<std::string>{"cpu"}) parts.push_back(list(origin.devices));
  parts.push_back(list(origin.threads) +
                  (origin.threads == std::set<std::string>{"1"} ? " thread" : " threads"));
  if (!origin.libtorch.empty()) parts.push_back("LibTorch " + list(origin.libtorch));
  parts.push_back(first == last ? first : first + " to " + last);
  return fmt::format("Runs: {}.", join(parts, "; "));
}

std::vector<std::string> result_notes(const Table& table) {
  std::vector<std::string> notes;
  if (table.any([](const Entry& entry) { return entry.ours.sd.has_value(); }))
    notes.emplace_back("± is the standard deviation over the runs of a cell.");
  if (table.any([](const Entry& entry) { return entry.paper && !entry.paper->checked; }))
    notes.emplace_back("† Figure transcribed from memory, not compared with the printed paper.");
  if (table.any([](const Entry& entry) { return entry.best; })) {
    notes.push_back(
        "Bold: a column's lowest mean among rows with as many bits and scales, on the same data "
        "and network.");
  }
  if (table.any([](const Entry& entry) { return entry.ours.n == 1; }))
    notes.emplace_back("n = 1: a single run, so no standard deviation.");
  for (auto& note : unequal_seed_notes(table)) notes.push_back(std::move(note));
  if (table.paper && table.has_figures())
    notes.push_back(fmt::format("Paper: {}.", table.paper->source));
  notes.push_back(provenance_note(table));
  return notes;
}

// What a cell that shows a state does not say: reasons, and data that is not at hand.
std::vector<std::string> missing_lines(const Table& table) {
  std::vector<std::string> lines;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::ptrdiff_t lacking = 0;
    for (const auto& row : table.rows)
      lacking += std::ranges::count(row.entries[c].runs, true, &RunData::lacks_data);
    if (lacking == 0) continue;
    lines.push_back(fmt::format("{}: {} missing: {} not at hand", table.columns[c].title,
                                counted(static_cast<std::size_t>(lacking), "run"),
                                join(table.columns[c].absent)));
  }
  std::vector<std::pair<std::string, std::vector<const Row*>>> others;  // by what and where
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      auto runs = row.entries[c].runs;
      std::erase_if(runs, [](const RunData* run) { return run->lacks_data; });
      const bool told = std::ranges::all_of(
          runs, [](const RunData* run) { return run->why() == run->short_why(); });
      if (row.entries[c].ours.n == 0 && told) continue;
      for (const auto& seeds : missing_seeds(runs))
        under(others, table.columns[c].title + ", " + seeds).push_back(&row);
    }
  }
  for (const auto& [what, rows] : others)
    lines.push_back(fmt::format("{}, {}", names_of(rows), what));
  return lines;
}

}  // namespace

std::vector<std::string> measure_names() {
  std::vector<std::string> names;
  for (const auto& one : measures()) names.emplace_back(one.name);
  return names;
}

Summary measure(const Entry& entry, const std::string& name, Metric score) {
  return measure_named(name == metric_name(score) ? kScore : name).of(entry);
}

std::string row_name(const Row& row) {
  std::vector<std::string> parts;
  if (!row.title.empty()) parts.push_back(row.title);
  for (const auto& [axis, value] : row.point) parts.push_back(axis + "=" + value);
  return join(parts);
}

std::string count_text(const Entry& entry) {
  return entry.ours.n == entry.planned() ? std::to_string(entry.planned())
                                         : fmt::format("{} of {}", entry.ours.n, entry.planned());
}

std::string series_anchor(std::size_t first_job) {
  return fmt::format("runs-{}", first_job);
}

Document document(const Table& table) {
  const auto& asked = table.layout.metrics;
  Document all{table.name, table.heading(table.title), {}};
  Block results{"", {table.sentence({table.name})}};
  // What was run, how it departs from the paper's protocol and what the differences then mean.
  if (!table.of_the_paper() && table.has_figures())
    results.paragraphs[0] += " The differences from the paper's figures are only an orientation.";
  if (!table.verdict.empty()) results.paragraphs.push_back(table.verdict);
  results.paragraphs.insert(results.paragraphs.end(), table.notes.begin(), table.notes.end());
  if (table.columns.empty()) return all.blocks.push_back(std::move(results)), all;
  Sheet first =
      sheet_of(table, table.title, asked.empty() ? std::vector<std::string>{kScore} : asked);
  const auto notes = result_notes(table);
  first.notes.insert(first.notes.begin(), notes.begin(), notes.end());
  results.sheets.push_back(std::move(first));
  all.blocks.push_back(std::move(results));
  if (auto missing = missing_lines(table); !missing.empty())
    all.blocks.push_back({"Missing runs", {}, {}, std::move(missing)});
  if (!asked.empty()) return all;
  const auto add = [&](const std::string& title, const std::vector<std::string>& names) {
    all.blocks.push_back({title, {}, {sheet_of(table, title, names)}});
  };
  const bool trained = table.any([&](const Entry& entry) {
    return std::ranges::any_of(
        kTraining, [&](const auto& name) { return measure_named(name).of(entry).n > 0; });
  });
  if (trained) add("Training", kTraining);
  add("Size of the weights", kSizes);
  return all;
}

}  // namespace laq::analysis
