#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/error.hpp"
#include "core/text.hpp"
#include "sweep/slurm.hpp"

// What is handed to sbatch as text.

namespace laq::sweep {
namespace {

const Values kOwn{"array",      "output",   "error", "open-mode", "requeue",
                  "no-requeue", "parsable", "wrap",  "dependency"};

void check_option(const std::string& key, const std::string& value) {
  const bool word = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::islower(c) || c == '-';
  });
  if (!word || key.starts_with("-") || value.find_first_of("\n\r") != std::string::npos) {
    throw usage_error({.what = "not an option of sbatch",
                       .where = "Slurm",
                       .found = fmt::format("'{}={}'", key, value),
                       .expected = "its long name and a value, such as partition=long"});
  }
  if (std::find(kOwn.begin(), kOwn.end(), key) != kOwn.end()) {
    throw usage_error({.what = fmt::format("'{}' is set by the sweep itself", key),
                       .where = "Slurm",
                       .advice = "remove it"});
  }
}

// As sbatch reads its options in a script.
std::string sbatch_quoted(const std::string& value) {
  if (value.find_first_of(" \t'\"#\\") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// A path in which Slurm replaces nothing. A backslash would make it replace nothing in the whole
// pattern, and an option is one line.
std::string output_pattern(const std::filesystem::path& path) {
  std::string pattern;
  for (const char c : path.string()) {
    if (c == '\\' || c == '\n' || c == '\r') {
      throw usage_error({.what = "Slurm cannot write its output below this folder",
                         .where = "--runs",
                         .found = "'" + path.parent_path().string() + "'",
                         .expected = "a path without backslashes and line breaks"});
    }
    pattern += c == '%' ? "%%" : std::string(1, c);
  }
  return pattern;
}

}  // namespace

Pairs slurm_options(const Plan& plan, const SlurmRequest& request) {
  Pairs options{{"cpus-per-task", "1"}, {"signal", "B:USR1@120"}};
  const auto set = [&](const auto& pair) {
    check_option(pair.first, pair.second);
    const auto known = std::find_if(options.begin(), options.end(),
                                    [&](const auto& one) { return one.first == pair.first; });
    if (known == options.end()) {
      options.push_back(pair);
    } else {
      known->second = pair.second;
    }
  };
  std::for_each(plan.slurm.begin(), plan.slurm.end(), set);
  std::for_each(request.options.begin(), request.options.end(), set);
  return options;
}

std::string shell_quoted(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const auto& word : words) {
    std::string one = "'";
    for (const char c : word) one += c == '\'' ? std::string("'\\''") : std::string(1, c);
    quoted.push_back(one + "'");
  }
  return join(quoted, " ");
}

std::string slurm_script(const std::string& job_name, const std::filesystem::path& stem,
                         std::size_t tasks, int at_once, const Pairs& options,
                         const std::vector<std::string>& task_command) {
  std::string text = "#!/bin/sh\n";
  const auto option = [&](const std::string& key, const std::string& value) {
    text += fmt::format("#SBATCH --{}={}\n", key, sbatch_quoted(value));
  };
  option("job-name", job_name);
  option("array", fmt::format("0-{}{}", tasks - 1, at_once > 0 ? fmt::format("%{}", at_once) : ""));
  option("output", output_pattern(stem) + "-%a.log");
  option("open-mode", "append");
  text += "#SBATCH --requeue\n";
  for (const auto& [key, value] : options) option(key, value);
  return text +
         "# Each task is one run. The program takes the shell's place, so that the batch shell's "
         "signals\n"
         "# (USR1 before the time limit) reach it; it saves, puts the task back into the queue and "
         "ends.\n"
         "trap '' USR1  # until it listens\n"
         "exec " +
         shell_quoted(task_command) + "\n";
}

}  // namespace laq::sweep
