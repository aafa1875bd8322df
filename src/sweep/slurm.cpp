#include "sweep/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "core/error.hpp"
#include "core/file_lock.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "sweep/child.hpp"

namespace laq::sweep {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr const char* kArrayEnding = ".array.json";

Answer ask_slurm(const std::vector<std::string>& words) {
  Answer answer = ask(words);
  if (answer.exit_code != 0) {
    throw Error({.what = fmt::format("Slurm's {} failed", words.front()),
                 .found = first_line(answer.err.empty() ? answer.out : answer.err),
                 .advice = "is the site's Slurm reachable from here?"});
  }
  return answer;
}

// "MaxArraySize            = 1001": indices go from 0 to one less.
std::size_t most_tasks() {
  const std::string config = ask_slurm({"scontrol", "show", "config"}).out;
  for (const auto& line : split(config, '\n')) {
    if (!line.starts_with("MaxArraySize")) continue;
    const auto equals = line.find('=');
    const long size = equals == std::string::npos ? 0 : std::atol(line.c_str() + equals + 1);
    if (size > 0) return static_cast<std::size_t>(size);
  }
  throw Error({.what = "this Slurm allows no job arrays",
               .found = "no MaxArraySize above 0 in 'scontrol show config'"});
}

// "12_3" of everything that is queued or running.
std::set<std::string> tasks_in_queue() {
  const Answer answer = ask_slurm({"squeue", "--me", "--noheader", "--array", "--format=%F_%K"});
  std::set<std::string> tasks;
  for (const auto& line : split(answer.out, '\n')) {
    if (!line.empty()) tasks.insert(line.substr(0, line.find(' ')));
  }
  return tasks;
}

Json to_json(const SlurmArray& array) {
  return {{"job_id", array.job_id},
          {"sweep", array.sweep},
          {"runs_folder", array.runs_folder},
          {"retries", array.retries},
          {"stale_seconds", array.stale_seconds},
          {"arguments", array.arguments},
          {"runs", to_json(array.runs)}};
}

void write(const fs::path& stem, const SlurmArray& array) {
  replace_file(stem.string() + kArrayEnding,
               to_json(array).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

// The first number that no earlier submission has.
fs::path new_stem(const fs::path& folder) {
  for (int number = 1;; ++number) {
    const fs::path stem = folder / fmt::format("{:04}", number);
    if (!fs::exists(stem.string() + kArrayEnding)) return stem;
  }
}

std::set<std::string> runs_in_queue(const fs::path& folder) {
  std::set<std::string> runs;
  const auto arrays = submitted_arrays(folder);
  if (arrays.empty()) return runs;
  const auto tasks = tasks_in_queue();
  for (const auto& array : arrays) {
    for (std::size_t i = 0; i < array.runs.size(); ++i) {
      if (tasks.contains(fmt::format("{}_{}", array.job_id, i))) runs.insert(array.runs[i].folder);
    }
  }
  return runs;
}

std::string variable(const char* name) {
  return environment(name).value_or("");
}

}  // namespace

Submission submit(const Plan& plan, const SlurmRequest& request) {
  const Pairs options = slurm_options(plan, request);
  const fs::path sweep = fs::absolute(sweep_folder(plan)), folder = sweep / "slurm";
  make_folder(folder);
  const FileLock lock(sweep / "lock", FileLock::Wait::yes);  // nothing is submitted twice
  Submission result;
  const auto in_queue = runs_in_queue(sweep);
  std::vector<FrozenRun> runs;
  for (const auto& job : plan.jobs) {
    if (job.done()) continue;
    FrozenRun run = frozen_run(job, plan);
    if (in_queue.contains(run.folder)) {
      ++result.in_queue;
    } else {
      runs.push_back(std::move(run));
    }
  }
  if (runs.empty()) return result;
  const std::size_t most = most_tasks();
  for (std::size_t first = 0; first < runs.size(); first += most) {
    const auto begin = runs.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end =
        runs.begin() + static_cast<std::ptrdiff_t>(std::min(first + most, runs.size()));
    SlurmArray array{"",
                     plan.label,
                     fs::absolute(plan.runs).string(),
                     request.retries,
                     request.stale_seconds,
                     request.arguments,
                     {begin, end}};
    const fs::path stem = new_stem(folder);
    std::vector<std::string> command = request.program;
    command.insert(command.end(), {"sweep-task", stem.string() + kArrayEnding});
    const std::string text = slurm_script("laq-" + plan.label, stem, array.runs.size(),
                                          request.at_once, options, command);
    write(stem, array);  // before a task can start
    const fs::path script = stem.string() + ".sh";
    replace_file(script, text);
    std::vector<std::string> sbatch{"sbatch", "--parsable"};
    if (request.at_once > 0 && !result.arrays.empty())
      sbatch.push_back("--dependency=afterany:" + result.arrays.back().job_id);
    sbatch.push_back(script.string());
    try {
      array.job_id = split(first_line(ask_slurm(sbatch).out), ';').front();
    } catch (const Error&) {
      fs::remove(stem.string() + kArrayEnding);
      throw;
    }
    write(stem, array);
    result.arrays.push_back(std::move(array));
  }
  return result;
}

SlurmArray read_slurm_array(const fs::path& file) {
  try {
    const Json json = Json::parse(read_file(file));
    return {json.at("job_id"),
            json.at("sweep"),
            json.at("runs_folder"),
            json.at("retries"),
            json.at("stale_seconds"),
            json.at("arguments"),
            frozen_runs_from(json.at("runs"))};
  } catch (const Json::exception& error) {
    throw Error({.what = fmt::format("the array's tasks cannot be read: {}", error.what()),
                 .where = file.string(),
                 .advice = "submit the sweep again"});
  }
}

std::vector<SlurmArray> submitted_arrays(const fs::path& sweep_folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(sweep_folder / "slurm", none)) {
    if (entry.path().string().ends_with(kArrayEnding)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<SlurmArray> arrays;
  for (const auto& file : files) arrays.push_back(read_slurm_array(file));
  return arrays;
}

std::size_t slurm_task(const SlurmArray& array) {
  const std::string text = variable("SLURM_ARRAY_TASK_ID");
  const auto task = number_from<std::size_t>(text);
  if (!task || *task >= array.runs.size()) {
    throw usage_error({.what = "not a task of this array",
                       .where = "SLURM_ARRAY_TASK_ID",
                       .found = "'" + text + "'",
                       .expected = fmt::format("0 to {}", array.runs.size() - 1)});
  }
  return *task;
}

int slurm_cores() {
  return std::max(1, std::atoi(variable("SLURM_CPUS_PER_TASK").c_str()));
}

void requeue_this_task() {
  const std::string job = variable("SLURM_ARRAY_JOB_ID");
  if (job.empty()) return;  // called by hand
  ask_slurm({"scontrol", "requeue", job + "_" + variable("SLURM_ARRAY_TASK_ID")});
}

}  // namespace laq::sweep
