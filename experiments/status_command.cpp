#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "analysis/json_values.hpp"
#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "record/run_identity.hpp"
#include "record/run_record.hpp"
#include "store/store.hpp"
#include "sweep/frozen_plan.hpp"
#include "sweep/slurm.hpp"
#include "train/metric.hpp"

namespace laq {
namespace fs = std::filesystem;
using analysis::Json;
namespace {

constexpr std::size_t kWidth = 80;
const char* const kUnreadable = "unreadable";

/// A run below the folder, as far as it has come.
struct Found {
  fs::path folder, name;                 ///< the latter below the top
  std::optional<record::Status> status;  ///< nothing: only planned
  std::string state = record::state_name(record::State::queued);
  std::string note;   ///< why what is there cannot be used, or what else is to be said
  std::string slurm;  ///< its last task: "12_3"
  std::string sweep;  ///< the first that plans it; "" for a run of its own
};

std::string details(const Found& run) {
  if (!run.status) return run.note;
  const record::Status& status = *run.status;
  std::string text = fmt::format("epoch {}/{}", status.epoch, status.epochs);
  if (status.state == record::State::running) {
    text += fmt::format(", {:.0f} %", 100 * status.progress);
    if (status.seconds_left) text += ", " + duration_text(*status.seconds_left) + " left";
    text += ", last sign of life " + status.heartbeat;
    const double silent = record::silence(status);
    if (silent > record::kSilentSeconds)
      text += fmt::format(" (silent for {})", duration_text(silent));
  }
  if (!status.reason.empty()) text += ": " + status.reason;
  return text;
}

/// Everything below a folder, each run once, by its real path.
class Overview {
 public:
  explicit Overview(const fs::path& top) : top_(top) {
    const store::Found found = store::walk(top);
    for (const auto& folder : found.runs) read(folder);
    for (const auto& [path, why] : found.closed) {
      Found& run = at(path);
      run.state = kUnreadable;
      run.note = why;
    }
    for (const auto& file : found.plans) add_plan(file.parent_path());
  }

  const std::map<fs::path, Found>& runs() const { return runs_; }
  const std::vector<std::string>& sweeps() const { return sweeps_; }

 private:
  Found& at(const fs::path& folder) {
    const auto [known, is_new] = runs_.try_emplace(store::real_path(folder));
    if (is_new) known->second.name = folder.lexically_relative(top_);
    if (is_new) known->second.folder = folder;
    return known->second;
  }

  void read(const fs::path& folder) {
    Found& run = at(folder);
    try {
      run.status = record::read_status(folder / "status.json");
      if (run.status) sweep::settle(*run.status);
      if (!run.status) run.note = "its status.json is empty: it counts as not started";
      const auto expected = record::identity_by_name(folder);
      const fs::path record = folder / "run.h5";
      if (run.status && run.status->state == record::State::completed && fs::exists(record)) {
        const auto found = record::read_provenance(record);  // a damaged one is no result
        record::require_run(record, record::identity_of(found), expected);
      } else {
        record::require_run_in(folder, expected);
      }
      if (run.status) run.state = record::state_name(run.status->state);
    } catch (const Error& error) {
      run.status.reset();
      run.state = kUnreadable;
      run.note = error.what();
    }
  }

  /// Runs that a sweep planned, and where Slurm has them.
  void add_plan(const fs::path& sweep) {
    const fs::path folder = sweep.parent_path();
    try {
      if (const auto plan = sweep::read_frozen_plan(sweep / "plan.json")) {
        const fs::path inside = folder.lexically_relative(top_);
        const std::string place = inside == "." || inside.filename() == "runs"
                                      ? plan->sweep
                                      : (inside / plan->sweep).generic_string();
        sweeps_.push_back(place);
        for (const auto& run : plan->runs) {
          Found& found = at(folder / run.folder);
          if (found.sweep.empty()) found.sweep = place;
        }
      }
      for (const auto& array : sweep::submitted_arrays(sweep)) {
        for (std::size_t i = 0; i < array.runs.size(); ++i)
          at(folder / array.runs[i].folder).slurm = fmt::format("{}_{}", array.job_id, i);
      }
    } catch (const Error& error) {
      Found& found = at(sweep);
      found.state = kUnreadable;
      found.note = error.what();
    }
  }

  fs::path top_;
  std::map<fs::path, Found> runs_;
  std::vector<std::string> sweeps_;
};

/// The test score of the run of an experiment with the best validation score so far.
struct Best {
  std::string experiment, method, unit;
  double value = 0, valid = 0;
  int decimals = 2;
  std::string text() const {
    return fmt::format("{:.{}f}{} {} on {}", value, decimals, unit == "%" ? " %" : "", method,
                       experiment);
  }
};

/// Of one sweep, or of the runs that no sweep plans.
struct Line {
  std::string name;
  std::map<std::string, std::size_t> counts;
  std::size_t all = 0;
  std::optional<double> seconds_left;  ///< the longest that a running one says
  std::map<std::string, Best> best;    ///< by experiment

  std::size_t count(const std::string& state) const {
    const auto found = counts.find(state);
    return found == counts.end() ? 0 : found->second;
  }
  std::size_t bad() const { return count("failed") + count("diverged") + count(kUnreadable); }
};

void add_best(const Found& run, store::Store& store, Line& line) {
  const store::Stored& stored = store.at(run.folder);
  if (!stored.completed()) return;
  const record::Provenance& from = stored.record->provenance;
  // Of text the loss decides; only its configuration knows segments.
  const bool text = from.config_yaml.find("time_steps:") != std::string::npos;
  const train::MetricFacts& judged =
      train::facts(text ? train::Metric::test_loss : train::Metric::test_error);
  const record::History& history = stored.record->history;
  const auto value = history.final_number(judged.test), valid = history.final_number(judged.valid);
  if (!value || !valid) return;
  const Best best{from.experiment, from.method, judged.unit, *value, *valid, judged.decimals};
  const auto [known, is_new] = line.best.try_emplace(from.experiment, best);
  if (!is_new && *valid < known->second.valid) known->second = best;
}

std::vector<Line> lines_of(const Overview& overview, store::Store& store) {
  std::vector<Line> lines;
  std::map<std::string, std::size_t> places;
  for (const auto& sweep : overview.sweeps()) {
    if (places.try_emplace(sweep, lines.size()).second) lines.push_back({sweep, {}, 0, {}, {}});
  }
  for (const auto& [path, run] : overview.runs()) {
    const std::string name = run.sweep.empty() ? "(no sweep)" : run.sweep;
    const auto [place, is_new] = places.try_emplace(name, lines.size());
    if (is_new) lines.push_back({name, {}, 0, {}, {}});
    Line& line = lines[place->second];
    ++line.counts[run.state];
    ++line.all;
    if (run.status && run.status->state == record::State::running && run.status->seconds_left)
      line.seconds_left = std::max(line.seconds_left.value_or(0), *run.status->seconds_left);
    add_best(run, store, line);
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return (a.bad() > 0) > (b.bad() > 0); });
  return lines;
}

std::string cut(const std::string& text, std::size_t width) {
  std::u32string characters = analysis::decode_utf8(text);
  if (characters.size() <= width) return text;
  characters.resize(width - 1);
  return analysis::encode_utf8(characters + U"…");
}

std::string text_of(const Line& line) {
  std::vector<std::string> parts;
  const auto add = [&](const std::string& state, const char* word) {
    if (const auto n = line.count(state); n > 0) parts.push_back(fmt::format("{} {}", n, word));
  };
  add("failed", "failed");
  add("diverged", "diverged");
  add(kUnreadable, "unreadable");
  parts.push_back(fmt::format("{}/{} done", line.count("completed"), line.all));
  add("running", "running");
  add("interrupted", "interrupted");
  add("queued", "left");
  std::string text = fmt::format("{:<14} {}", line.name, join(parts));
  if (line.seconds_left)
    text += fmt::format(" ({} by the runs' own count)", duration_text(*line.seconds_left));
  std::vector<std::string> best;
  for (const auto& [experiment, one] : line.best) best.push_back(one.text());
  if (!best.empty()) text += "; best " + join(best);
  return cut(text, kWidth);
}

// Failures first.
std::vector<const Found*> in_order(const Overview& overview) {
  static const std::array<std::string, 7> order = {
      kUnreadable, "failed", "diverged", "interrupted", "running", "completed", "queued"};
  std::vector<const Found*> all;
  for (const auto& [path, run] : overview.runs()) all.push_back(&run);
  std::stable_sort(all.begin(), all.end(), [](const Found* a, const Found* b) {
    return std::find(order.begin(), order.end(), a->state) <
           std::find(order.begin(), order.end(), b->state);
  });
  return all;
}

std::string long_line(const Found& run) {
  std::string text = fmt::format("{:<12} {}  {}", run.state, run.name.string(), details(run));
  if (!run.slurm.empty() && run.state != "completed") text += fmt::format(" [Slurm {}]", run.slurm);
  return text;
}

std::string json_of(const Overview& overview, const std::vector<Line>& lines) {
  Json sweeps = Json::array(), runs = Json::array();
  for (const auto& line : lines) {
    Json best = Json::object();
    for (const auto& [experiment, one] : line.best)
      best[experiment] = {{"method", one.method}, {"value", one.value}, {"unit", one.unit}};
    sweeps.push_back({{"sweep", line.name},
                      {"runs", line.all},
                      {"states", line.counts},
                      {"seconds_left", line.seconds_left},
                      {"best", std::move(best)}});
  }
  for (const auto* run : in_order(overview)) {
    runs.push_back({{"run", run->name.generic_string()},
                    {"sweep", run->sweep},
                    {"state", run->state},
                    {"details", details(*run)},
                    {"slurm", run->slurm}});
  }
  const Json all = {{"sweeps", std::move(sweeps)}, {"runs", std::move(runs)}};
  return analysis::json_text(all);
}

// A sweep's name stands for its folder.
fs::path folder_of(const std::string& name) {
  std::error_code unknown;
  if (fs::is_directory(name, unknown)) return name;
  const bool there = unknown && unknown != std::errc::no_such_file_or_directory;
  const fs::path results = fs::path("results") / name;
  if (!there && fs::is_directory(results, unknown)) return results;
  throw Error({.what = there ? "cannot be read: " + unknown.message() : "there is no such folder",
               .where = name,
               .advice = "name a folder of runs, or a sweep in results"});
}

void show(const std::string& name, bool whole, bool json) {
  const fs::path folder = folder_of(name);
  const Overview overview(folder);
  store::Store store;
  const std::vector<Line> lines = lines_of(overview, store);
  if (json) {
    std::cout << json_of(overview, lines);
    return;
  }
  std::map<std::string, std::size_t> counts;
  for (const auto* run : in_order(overview)) {
    ++counts[run->state];
    const bool bad =
        run->state == "failed" || run->state == "diverged" || run->state == kUnreadable;
    if (whole || bad) std::cout << long_line(*run) << "\n";
  }
  if (!whole) {
    for (const auto& line : lines) std::cout << text_of(line) << "\n";
  }
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) parts.push_back(fmt::format("{} {}", count, state));
  std::cout << (parts.empty() ? "no runs here" : join(parts)) << "\n";
}

}  // namespace

void add_status_command(CLI::App& app, Context&) {
  auto folder = std::make_shared<std::string>("results");
  auto whole = std::make_shared<bool>(false), json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("status", "Show how far sweeps are: a line each, failures first");
  command->add_option("DIR", *folder, "Folder of runs or of sweeps, or a sweep's name")
      ->capture_default_str();
  command->add_flag("--long", *whole, "A line for every run");
  command->add_flag("--json", *json, "Everything as one JSON object");
  command->callback([folder, whole, json] { show(*folder, *whole, *json); });
}

}  // namespace laq
