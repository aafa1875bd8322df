#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "record/status.hpp"
#include "sweep/plan.hpp"
#include "sweep/slurm.hpp"
#include "train/rerun.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

constexpr double kSilentSeconds = 60;

/// A run below the folder, as far as it has come.
struct Found {
  std::optional<record::Status> status;  ///< nothing: only planned
  std::string error;                     ///< why what is there cannot be used
  std::string slurm;                     ///< its last task: "12_3"
};

using Runs = std::map<fs::path, Found>;

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string details(const record::Status& status) {
  std::string text = fmt::format("epoch {}/{}", status.epoch, status.epochs);
  if (status.state == record::State::running) {
    text += fmt::format(", {:.0f} %", 100 * status.progress);
    if (status.seconds_left) text += ", " + duration_text(*status.seconds_left) + " left";
    text += ", last sign of life " + status.heartbeat;
    const double silent = now() - status.heartbeat_seconds;
    if (silent > kSilentSeconds) text += fmt::format(" (silent for {})", duration_text(silent));
  }
  if (!status.reason.empty()) text += ": " + status.reason;
  return text;
}

Found read_run(const fs::path& file) {
  Found found;
  try {
    found.status = record::read_status(file);
    if (found.status) sweep::settle(*found.status);
    const fs::path run = file.parent_path();
    record::require_run_in(run, record::identity_by_name(run));
  } catch (const Error& error) {
    found = {.status = {}, .error = error.what(), .slurm = {}};
  }
  return found;
}

/// Runs that a sweep planned, and where Slurm has them.
void add_planned(const fs::path& sweep, Runs& runs) {
  const fs::path folder = sweep.parent_path();
  try {
    if (const auto plan = sweep::read_frozen_plan(sweep / "plan.json")) {
      for (const auto& run : plan->runs) runs.try_emplace(folder / run.folder);
    }
    for (const auto& array : sweep::submitted_arrays(sweep)) {
      for (std::size_t i = 0; i < array.runs.size(); ++i)
        runs[folder / array.runs[i].folder].slurm = fmt::format("{}_{}", array.job_id, i);
    }
  } catch (const Error& error) {
    runs[sweep].error = error.what();
  }
}

Runs find_runs(const fs::path& folder) {
  Runs runs;
  std::vector<fs::path> sweeps;
  for (fs::recursive_directory_iterator at(folder), end; at != end; ++at) {
    const fs::path& path = at->path();
    if (path.filename() == train::kAside) at.disable_recursion_pending();
    if (path.filename() == "status.json") runs[path.parent_path()] = read_run(path);
    if (path.filename() == "plan.json" &&
        path.parent_path().filename().string().starts_with("sweep-"))
      sweeps.push_back(path.parent_path());
  }
  for (const auto& sweep : sweeps) add_planned(sweep, runs);
  return runs;
}

void show(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error({.what = "there is no such folder",
                 .where = folder.string(),
                 .advice = "name a folder of runs"});
  }
  std::map<std::string, int> counts;
  for (const auto& [run, found] : find_runs(folder)) {
    std::string state = record::state_name(record::State::queued), text = found.error;
    if (!found.error.empty()) state = "unreadable";
    if (found.status) {
      state = record::state_name(found.status->state);
      text = details(*found.status);
    }
    const bool done = found.status && found.status->state == record::State::completed;
    if (!found.slurm.empty() && !done) text += fmt::format(" [Slurm {}]", found.slurm);
    ++counts[state];
    std::cout << fmt::format("{:<12} {}  {}\n", state, fs::relative(run, folder).string(), text);
  }
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) parts.push_back(fmt::format("{} {}", count, state));
  std::cout << (parts.empty() ? "no runs here" : join(parts)) << "\n";
}

}  // namespace

void add_status_command(CLI::App& app, Context&) {
  auto folder = std::make_shared<std::string>("results");
  CLI::App* command = app.add_subcommand("status", "Show what the runs below a folder are doing");
  command->add_option("DIR", *folder, "Folder of runs or of sweeps")->capture_default_str();
  command->callback([folder] { show(*folder); });
}

}  // namespace laq
