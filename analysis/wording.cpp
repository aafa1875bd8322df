#include "analysis/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/text.hpp"

namespace laq::analysis {
namespace {

// Enough of a commit to be found again.
constexpr std::size_t kCommitDigits = 12;
constexpr std::size_t kDateCharacters = 10;  // of an ISO 8601 time

template <typename Visit>
void for_each_entry(const Table& table, Visit visit) {
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.entries.size(); ++i)
      visit(row, table.columns[i], row.entries[i]);
  }
}

std::string list(const std::set<std::string>& values) {
  return join({values.begin(), values.end()});
}

std::string short_commit(const std::string& commit) {
  const auto end = std::min(commit.find(' '), commit.size());
  return end <= kCommitDigits ? commit : commit.substr(0, kCommitDigits) + commit.substr(end);
}

// "1 to 3, 5"
std::string seeds_text(const std::set<std::int64_t>& seeds) {
  std::vector<std::string> parts;
  for (auto at = seeds.begin(); at != seeds.end();) {
    const std::int64_t first = *at;
    std::int64_t last = first;
    while (++at != seeds.end() && *at == last + 1) last = *at;
    parts.push_back(std::to_string(first));
    if (last > first) parts.back() += (last > first + 1 ? " to " : ", ") + std::to_string(last);
  }
  return join(parts);
}

bool is_without_data(const Missing& run) {
  return run.state == "missing";
}

}  // namespace

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

std::string dagger_note() {
  return "Figure transcribed from memory, not compared with the printed paper.";
}

std::string source_note(const Table& table) {
  return table.paper && table.has_figures() ? fmt::format("Paper: {}.", table.paper->source) : "";
}

std::string best_note() {
  return "Bold: the lowest mean among methods with as many bits and scales, on the same data and "
         "network.";
}

bool has_single_runs(const Table& table) {
  bool single = false;
  for_each_entry(table, [&](const auto&, const auto&, const Entry& entry) {
    single = single || entry.ours.n == 1;
  });
  return single;
}

std::string single_run_note() {
  return "n = 1: a single run, so no standard deviation.";
}

std::vector<std::string> unequal_seed_notes(const Table& table) {
  std::vector<std::string> notes;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::map<std::set<std::int64_t>, std::vector<const Row*>> rows;  // by the seeds of their mean
    for (const Row& row : table.rows) {
      std::set<std::int64_t> seeds;
      for (const auto& run : row.entries[c].cell.results) seeds.insert(run.seed);
      if (!seeds.empty()) rows[seeds].push_back(&row);
    }
    if (rows.size() < 2) continue;
    const auto most = std::max_element(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.size(), a.first.size()) <
             std::pair(b.second.size(), b.first.size());
    });
    std::vector<std::string> others;
    for (const auto& [seeds, with] : rows) {
      for (const Row* row : with) {
        if (seeds != most->first)
          others.push_back(fmt::format("{} {}", row_name(*row), seeds_text(seeds)));
      }
    }
    notes.push_back(fmt::format("{}: not all means are over the same seeds: {}, but {}.",
                                table.columns[c].title, seeds_text(most->first),
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

std::vector<std::string> missing_lines(const Table& table) {
  std::vector<std::string> lines;
  for_each_entry(table, [&](const Row& row, const Column& column, const Entry& entry) {
    const auto& missing = entry.cell.missing;
    const bool bare = std::all_of(missing.begin(), missing.end(),
                                  [](const Missing& run) { return run.reason == run.state; });
    if (entry.ours.n == 0 && bare) return;
    const bool no_data = std::all_of(missing.begin(), missing.end(), is_without_data);
    if (entry.ours.n == 0 && no_data) return;  // said once for the column
    for (std::size_t i = 0; i < missing.size();) {
      std::vector<std::string> seeds;
      const std::string& reason = missing[i].reason;
      for (; i < missing.size() && missing[i].reason == reason; ++i) {
        seeds.push_back(std::to_string(missing[i].seed));
      }
      lines.push_back(fmt::format("{}, {}, seed{} {}: {}", row_name(row), column.title,
                                  seeds.size() > 1 ? "s" : "", join(seeds), reason));
    }
  });
  return lines;
}

std::vector<std::string> absent_lines(const Table& table) {
  std::vector<std::string> lines;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const bool lacking = std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
      const auto& missing = row.entries[c].cell.missing;
      return std::any_of(missing.begin(), missing.end(), is_without_data);
    });
    if (!lacking) continue;
    lines.push_back(fmt::format("{}: missing: {} not at hand", table.columns[c].title,
                                join(table.columns[c].absent)));
  }
  return lines;
}

std::string step_note(const Table& table) {
  bool any = false, disturbed = false;
  for_each_entry(table, [&](const auto&, const auto&, const Entry& entry) {
    any = any || entry.cell.step_ms();
    disturbed = disturbed || entry.cell.disturbed();
  });
  if (!any) return "";
  std::string text =
      "ms per step: the median of the epoch with the lowest one, in the least disturbed run.";
  if (disturbed) {
    text +=
        " ~: no measure of speed: another run was under way on the machine, or the medians of the "
        "epochs differ by more than a quarter.";
  }
  return text;
}

std::string size_note() {
  return "Quantizable weights only: a code of ⌈log2 levels⌉ bits for each and 32 bits for each "
         "scale, against 32 bits for each weight.";
}

std::string step_text(const Cell& cell) {
  const std::string text = optional_fixed(cell.step_ms(), 1);
  return cell.disturbed() ? "~" + text : text;
}

std::vector<std::string> training_cells(const Entry& entry) {
  const Cell& cell = entry.cell;
  return {step_text(cell), optional_fixed(cell.rounds(), 1), epoch_text(cell.best_epoch())};
}

std::vector<std::string> size_cells(const Entry& entry) {
  if (!entry.size) return std::vector<std::string>(3);
  constexpr double kMebi = 1024 * 1024;
  return {std::to_string(entry.size->bits), fixed(entry.size->bytes() / kMebi, 2),
          fixed(entry.size->compression(), 1) + "×"};
}

std::string row_name(const Row& row) {
  std::string name = row.title;
  for (const auto& [axis, value] : row.point) name += fmt::format(", {}={}", axis, value);
  return name;
}

std::string typographic(std::string number) {
  if (number.starts_with('-')) number.replace(0, 1, "−");
  return number;
}

std::string count_text(const Entry& entry) {
  const std::size_t planned = entry.cell.planned();
  return entry.ours.n == planned ? std::to_string(planned)
                                 : fmt::format("{} of {}", entry.ours.n, planned);
}

std::string missing_states(const Entry& entry) {
  std::vector<std::string> states;
  for (const auto& run : entry.cell.missing) {
    if (std::find(states.begin(), states.end(), run.state) == states.end()) {
      states.push_back(run.state);
    }
  }
  return states.empty() ? "not planned" : join(states);
}

std::string fixed(double value, int decimals) {
  return fmt::format("{:.{}f}", value, decimals);
}

std::string signed_fixed(double value, int decimals) {
  const std::string text = fmt::format("{:+.{}f}", value, decimals);
  return text.find_first_of("123456789") == std::string::npos ? text.substr(1) : text;
}

bool has_training(const Table& table) {
  bool any = false;
  for_each_entry(table, [&](const auto&, const auto&, const Entry& entry) {
    any = any || entry.cell.step_ms() || entry.cell.best_epoch() || entry.cell.rounds();
  });
  return any;
}

std::string optional_fixed(std::optional<double> value, int decimals) {
  return value ? fixed(*value, decimals) : "";
}

std::string epoch_text(std::optional<double> epoch) {
  return optional_fixed(epoch, epoch && *epoch != std::floor(*epoch) ? 1 : 0);
}

}  // namespace laq::analysis
