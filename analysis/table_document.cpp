#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "analysis/table.hpp"
#include "analysis/wording.hpp"
#include "core/median.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

// Enough of a commit to be found again.
constexpr std::size_t kCommitDigits = 12;
constexpr std::size_t kDateCharacters = 10;  // of an ISO 8601 time
constexpr double kMebi = 1024 * 1024;
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

Summary of_finals(const Entry& entry, const std::string& key) {
  std::vector<double> values;
  for (const auto* run : entry.runs) {
    const auto value = run->final_number(key);
    if (value && (run->timed || key != kSeconds)) values.push_back(*value);
  }
  return summarize(values);
}

Summary mean_rounds(const Entry& entry) {
  std::vector<double> values;
  for (const auto* run : entry.runs) {
    if (run->rounds) values.push_back(*run->rounds);
  }
  const Summary all = summarize(values);
  return all.n > 0 ? alone(all.mean) : all;
}

Summary median_epoch(const Entry& entry) {
  std::vector<double> values;
  for (const auto* run : entry.runs) {
    if (const auto value = run->final_number("best_epoch")) values.push_back(*value);
  }
  return alone(median(std::move(values)));
}

Measure final_measure(const char* name, const char* heading, int decimals) {
  return {name, heading, decimals,
          [key = std::string(name)](const Entry& entry) { return of_finals(entry, key); }};
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
      {kStep, "ms per step", 1, [](const Entry& entry) { return alone(entry.step_ms()); }},
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

std::string short_commit(const std::string& commit) {
  const auto end = std::min(commit.find(' '), commit.size());
  return end <= kCommitDigits ? commit : commit.substr(0, kCommitDigits) + commit.substr(end);
}

std::string count_text(const Entry& entry) {
  return entry.ours.n == entry.planned() ? std::to_string(entry.planned())
                                         : fmt::format("{} of {}", entry.ours.n, entry.planned());
}

// The states of the runs without a result, each once.
std::string missing_states(const Entry& entry) {
  std::vector<std::string> states;
  for (const auto* run : entry.runs) {
    const std::string state = run->short_why();
    if (!run->completed() && std::find(states.begin(), states.end(), state) == states.end())
      states.push_back(state);
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
  if (name == kStep && entry.disturbed()) text = "~" + text;
  const bool best = score && entry.best;
  return linked(entry, {text, best ? SheetCell::Tone::strong : SheetCell::Tone::plain});
}

// The leading cells, and a row for each of the table's; a row's `cells` are added by the caller.
Sheet started(const Table& table, const std::string& title) {
  Sheet sheet{title, {}};
  const bool methods = std::any_of(table.rows.begin(), table.rows.end(),
                                   [](const Row& row) { return !row.method.empty(); });
  if (methods) sheet.heads.push_back({"", "method", true});
  for (const auto& axis : table.axes) sheet.heads.push_back({"", axis, true});
  for (const auto& row : table.rows) {
    std::vector<SheetCell> cells;
    if (methods) cells.push_back({row.title});
    for (const auto& coordinate : row.point) cells.push_back({coordinate.second});
    cells.resize(sheet.heads.size());
    sheet.add(std::move(cells));
  }
  return sheet;
}

// Heads over each block, and space between groups of methods.
void add_blocks(const Table& table, Sheet& sheet) {
  std::vector<SheetRow> rows;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const bool new_block = r == 0 || table.rows[r].block != table.rows[r - 1].block;
    if (new_block && !table.rows[r].block.empty())
      rows.push_back({{{table.rows[r].block, SheetCell::Tone::strong}}, r > 0});
    sheet.rows[r].begins_group =
        r > 0 && !new_block && table.rows[r].group != table.rows[r - 1].group;
    rows.push_back(std::move(sheet.rows[r]));
  }
  sheet.rows = std::move(rows);
}

// The metrics, those of the score with the count of runs, the paper's figure and what was chosen.
Sheet sheet_of(const Table& table, const std::string& title,
               const std::vector<std::string>& names) {
  Sheet sheet = started(table, title);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    const bool paper = table.has_figures(c), alone = names.size() == 1;
    for (const auto& name : names) {
      const bool score = name == kScore || name == metric_name(column.metric);
      const Measure& one = measure_named(score ? kScore : name);
      const auto add = [&](const std::string& head,
                           const std::function<SheetCell(const Entry&)>& of) {
        sheet.heads.push_back({column.title, head});
        for (std::size_t r = 0; r < table.rows.size(); ++r)
          sheet.rows[r].cells.push_back(of(table.rows[r].entries[c]));
      };
      const std::string heading = !score  ? one.heading
                                  : alone ? (paper ? "ours" : "")
                                          : measure_named(metric_name(column.metric)).heading;
      add(heading, [&](const Entry& entry) { return measure_cell(table, c, entry, one); });
      if (!score) continue;
      add("n", [&](const Entry& entry) {
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
      add("ours − paper", [&](const Entry& entry) {
        if (!entry.difference) return SheetCell{};
        return linked(entry, {typographic(signed_fixed(*entry.difference, column.decimals))});
      });
    }
  }
  add_blocks(table, sheet);
  return sheet;
}

template <typename Test>
bool any_entry(const Table& table, Test test) {
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
    return std::any_of(row.entries.begin(), row.entries.end(), test);
  });
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
    const auto most = std::max_element(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.size(), a.first.size()) <
             std::pair(b.second.size(), b.first.size());
    });
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
  if (any_entry(table, [](const Entry& entry) { return entry.ours.sd.has_value(); }))
    notes.emplace_back("± is the standard deviation over the runs of a cell.");
  if (table.has_unchecked())
    notes.emplace_back("† Figure transcribed from memory, not compared with the printed paper.");
  if (any_entry(table, [](const Entry& entry) { return entry.best; })) {
    notes.push_back(
        "Bold: the lowest mean among methods with as many bits and scales, on the same data and "
        "network.");
  }
  if (any_entry(table, [](const Entry& entry) { return entry.ours.n == 1; }))
    notes.emplace_back("n = 1: a single run, so no standard deviation.");
  for (auto& note : unequal_seed_notes(table)) notes.push_back(std::move(note));
  if (table.paper && table.has_figures())
    notes.push_back(fmt::format("Paper: {}.", table.paper->source));
  notes.push_back(provenance_note(table));
  return notes;
}

// What a cell that shows a state does not say: reasons, and data that is not at hand.
std::vector<std::string> missing_lines(const Table& table) {
  const auto lacks_data = [](const RunData* run) { return run->lacks_data; };
  std::vector<std::string> lines;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::ptrdiff_t lacking = 0;
    for (const auto& row : table.rows) {
      const auto& runs = row.entries[c].runs;
      lacking += std::count_if(runs.begin(), runs.end(), lacks_data);
    }
    if (lacking == 0) continue;
    lines.push_back(fmt::format("{}: {} run{} missing: {} not at hand", table.columns[c].title,
                                lacking, lacking > 1 ? "s" : "", join(table.columns[c].absent)));
  }
  std::vector<std::pair<std::string, std::vector<const Row*>>> others;  // by what and where
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      auto runs = row.entries[c].runs;
      std::erase_if(runs, lacks_data);
      const bool told = std::all_of(runs.begin(), runs.end(), [](const RunData* run) {
        return run->why() == run->short_why();
      });
      if (row.entries[c].ours.n == 0 && told) continue;
      for (const auto& seeds : missing_seeds(runs)) {
        const std::string what = fmt::format("{}, {}", table.columns[c].title, seeds);
        const auto known = std::find_if(others.begin(), others.end(),
                                        [&](const auto& one) { return one.first == what; });
        (known == others.end() ? others.emplace_back(what, std::vector<const Row*>()) : *known)
            .second.push_back(&row);
      }
    }
  }
  for (const auto& [what, rows] : others)
    lines.push_back(fmt::format("{}, {}", names_of(rows), what));
  return lines;
}

// Of the times among the metrics.
std::vector<std::string> time_notes(const Table& table, const std::vector<std::string>& names) {
  const auto shown = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string> notes;
  if (shown(kStep) &&
      any_entry(table, [](const Entry& entry) { return entry.step_ms().has_value(); })) {
    notes.emplace_back(
        "ms per step: the median of the epoch with the lowest one, in the least disturbed run.");
    if (any_entry(table, [](const Entry& entry) { return entry.disturbed(); })) {
      notes.back() +=
          " ~: no measure of speed: another run was under way on the machine, or the medians of "
          "the epochs differ by more than a quarter.";
    }
  }
  const std::string source = table.data->times_sentence();
  if ((shown(kStep) || shown(kSeconds)) && !source.empty()) notes.push_back(source);
  return notes;
}

constexpr const char* kSizeNote =
    "Quantizable weights only: a code of ⌈log2 levels⌉ bits for each and 32 bits for each scale, "
    "against 32 bits for each weight.";
constexpr const char* kFileNote =
    "The file that `laq export` makes, with biases, batch norm, preprocessing and header; "
    "empty where the run's weights are not here.";

}  // namespace

std::vector<std::string> measure_names() {
  std::vector<std::string> names;
  for (const auto& one : measures()) names.emplace_back(one.name);
  return names;
}

Summary measure(const Entry& entry, const std::string& name, Metric score) {
  return measure_named(name == metric_name(score) ? kScore : name).of(entry);
}

std::string heading(const Table& table) {
  return fmt::format("{}: {}{}", table.title, table.profile_title,
                     table.paper_protocol ? "" : ", NOT the paper's protocol");
}

std::string protocol_sentence(const Table& table) {
  if (table.paper_protocol) return fmt::format("Sweep {}; the paper's protocol.", table.name);
  std::string text = fmt::format("Sweep {}; this is not the paper's protocol ({}).", table.name,
                                 join(table.departures, "; "));
  if (table.has_figures()) {
    text += " The differences from the paper's figures are only an orientation.";
  }
  return text;
}

std::string row_name(const Row& row) {
  std::vector<std::string> parts;
  if (!row.title.empty()) parts.push_back(row.title);
  for (const auto& [axis, value] : row.point) parts.push_back(axis + "=" + value);
  return join(parts);
}

std::string series_anchor(std::size_t first_job) {
  return fmt::format("runs-{}", first_job);
}

Document document(const Table& table) {
  const auto& asked = table.layout.metrics;
  Document all{table.name, heading(table), {}};
  Block results{"", {protocol_sentence(table)}};
  if (!table.verdict.empty()) results.paragraphs.push_back(table.verdict);
  results.paragraphs.insert(results.paragraphs.end(), table.notes.begin(), table.notes.end());
  if (table.columns.empty()) return all.blocks.push_back(std::move(results)), all;
  Sheet first =
      sheet_of(table, table.title, asked.empty() ? std::vector<std::string>{kScore} : asked);
  first.notes = result_notes(table);
  for (auto& note : time_notes(table, asked)) first.notes.push_back(std::move(note));
  const auto is_size = [](const std::string& name) {
    return name == "size" || name == "compression" || name == "bits";
  };
  if (std::any_of(asked.begin(), asked.end(), is_size)) first.notes.emplace_back(kSizeNote);
  if (std::find(asked.begin(), asked.end(), "file") != asked.end())
    first.notes.emplace_back(kFileNote);
  results.sheets.push_back(std::move(first));
  all.blocks.push_back(std::move(results));
  if (auto missing = missing_lines(table); !missing.empty())
    all.blocks.push_back({"Missing runs", {}, {}, std::move(missing)});
  if (!asked.empty()) return all;
  const std::vector<std::string> training = {kStep, "rounds", "best_epoch"};
  const auto add = [&](Sheet sheet, std::vector<std::string> notes) {
    sheet.notes = std::move(notes);
    all.blocks.push_back({sheet.title, {}, {sheet}});
  };
  const bool trained = any_entry(table, [&](const Entry& entry) {
    return std::any_of(training.begin(), training.end(), [&](const std::string& name) {
      return measure_named(name).of(entry).n > 0;
    });
  });
  if (trained) add(sheet_of(table, "Training", training), time_notes(table, training));
  add(sheet_of(table, "Size of the weights", {"bits", "size", "compression"}), {kSizeNote});
  return all;
}

}  // namespace laq::analysis
