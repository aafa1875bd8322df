#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
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

/// A run below the folder, as far as it has come.
struct Found {
  fs::path name;                         ///< below that folder
  std::optional<record::Status> status;  ///< nothing: only planned
  std::string error;                     ///< why what is there cannot be used
  std::string note;                      ///< what else is to be said of it
  std::string slurm;                     ///< its last task: "12_3"
};

/// By their real paths.
using Runs = std::map<fs::path, Found>;

std::string details(const record::Status& status) {
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

/// Walks through a folder and all below it, also through links, but through each only once.
class Search {
 public:
  explicit Search(fs::path top) : top_(std::move(top)) {
    pending_.push_back(top_);
    while (!pending_.empty()) {
      const fs::path folder = pending_.front();
      pending_.pop_front();
      if (seen_.insert(real(folder)).second) look_into(folder);
    }
    for (const auto& sweep : sweeps_) add_planned(sweep);
  }
  const Runs& runs() const { return runs_; }

 private:
  static fs::path real(const fs::path& path) {
    std::error_code failed;
    const fs::path found = fs::weakly_canonical(path, failed);
    return failed ? path : found;
  }

  Found& at(const fs::path& path) {
    return runs_.try_emplace(real(path), Found{path.lexically_relative(top_), {}, "", "", ""})
        .first->second;
  }

  // Links are followed last, so that what they lead to has its own name where that is here too.
  void look_into(const fs::path& folder) {
    std::error_code failed;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
      const fs::path& path = entry->path();
      std::error_code unknown;
      if (path.filename() == "status.json") read_run(folder);
      if (path.filename() == "plan.json" && folder.filename().string().starts_with("sweep-"))
        sweeps_.push_back(folder);
      if (!entry->is_directory(unknown)) {
        if (unknown && unknown != std::errc::no_such_file_or_directory) unreadable(path, unknown);
      } else if (path.filename() == train::kAside) {
        continue;
      } else if (entry->is_symlink(unknown)) {
        pending_.push_back(path);
      } else {
        pending_.push_front(path);
      }
    }
    if (failed) unreadable(folder, failed);
  }

  void unreadable(const fs::path& path, const std::error_code& why) {
    at(path).error = "cannot look into it: " + why.message();
  }

  void read_run(const fs::path& folder) {
    Found& found = at(folder);
    try {
      found.status = record::read_status(folder / "status.json");
      if (found.status) sweep::settle(*found.status);
      if (!found.status) found.note = "its status.json is empty: it counts as not started";
      record::require_run_in(folder, record::identity_by_name(folder));
    } catch (const Error& error) {
      found.status.reset();
      found.error = error.what();
    }
  }

  /// Runs that a sweep planned, and where Slurm has them.
  void add_planned(const fs::path& sweep) {
    const fs::path folder = sweep.parent_path();
    try {
      if (const auto plan = sweep::read_frozen_plan(sweep / "plan.json")) {
        for (const auto& run : plan->runs) at(folder / run.folder);
      }
      for (const auto& array : sweep::submitted_arrays(sweep)) {
        for (std::size_t i = 0; i < array.runs.size(); ++i)
          at(folder / array.runs[i].folder).slurm = fmt::format("{}_{}", array.job_id, i);
      }
    } catch (const Error& error) {
      at(sweep).error = error.what();
    }
  }

  fs::path top_;
  std::deque<fs::path> pending_;
  std::set<fs::path> seen_;
  std::vector<fs::path> sweeps_;
  Runs runs_;
};

void show(const fs::path& folder) {
  std::error_code unknown;
  if (!fs::is_directory(folder, unknown)) {
    const bool there = unknown && unknown != std::errc::no_such_file_or_directory;
    throw Error({.what = there ? "cannot be read: " + unknown.message() : "there is no such folder",
                 .where = folder.string(),
                 .advice = "name a folder of runs"});
  }
  const Search search(folder);
  std::map<std::string, int> counts;
  for (const auto& [run, found] : search.runs()) {
    std::string state = record::state_name(record::State::queued), text = found.error + found.note;
    if (!found.error.empty()) state = "unreadable";
    if (found.status) {
      state = record::state_name(found.status->state);
      text = details(*found.status);
    }
    const bool done = found.status && found.status->state == record::State::completed;
    if (!found.slurm.empty() && !done) text += fmt::format(" [Slurm {}]", found.slurm);
    ++counts[state];
    std::cout << fmt::format("{:<12} {}  {}\n", state, found.name.string(), text);
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
