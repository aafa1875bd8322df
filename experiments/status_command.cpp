#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

#include "core/error.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "record/status.hpp"
#include "sweep/plan.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

std::string details(const record::Status& status) {
  std::string text = fmt::format("epoch {}/{}", status.epoch, status.epochs);
  if (status.state == record::State::running) {
    text += fmt::format(", {:.0f} %", 100 * status.progress);
    if (status.seconds_left) text += ", " + duration_text(*status.seconds_left) + " left";
    text += ", last sign of life " + status.heartbeat;
  }
  if (!status.reason.empty()) text += ": " + status.reason;
  return text;
}

void show(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error({.what = "there is no such folder",
                 .where = folder.string(),
                 .advice = "name a folder of runs"});
  }
  std::vector<fs::path> runs;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "status.json") runs.push_back(entry.path().parent_path());
  }
  std::sort(runs.begin(), runs.end());
  std::map<std::string, int> counts;
  for (const auto& run : runs) {
    std::string state, text;
    try {
      auto status = *record::read_status(run / "status.json");
      sweep::settle(status);
      state = record::state_name(status.state);
      text = details(status);
    } catch (const Error& error) {
      state = "unreadable";
      text = error.what();
    }
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
