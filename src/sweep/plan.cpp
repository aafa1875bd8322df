#include "sweep/plan.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/locate.hpp"
#include "record/provenance.hpp"

namespace laq::sweep {
namespace fs = std::filesystem;
namespace {

// One axis value for each grid key.
using Point = std::vector<std::pair<std::string, std::string>>;

struct SweepFile {
  std::vector<std::string> experiments, methods, seeds;
  std::vector<std::pair<std::string, std::string>> fallbacks;
  std::vector<config::Override> overrides;
  std::string profile;
};

std::vector<std::string> texts(const config::Tree& list, const std::string& key) {
  std::vector<std::string> values;
  if (list.scalar()) return axis_values(*list.scalar());
  if (!list.list() || list.list()->empty()) {
    throw usage_error({.what = fmt::format("wrong value of '{}'", key),
                       .where = list.place,
                       .found = list.description(),
                       .expected = "a list of values"});
  }
  for (const auto& item : *list.list()) {
    if (item.scalar()) {
      values.push_back(*item.scalar());
    } else if (item.list()) {  // a value that is a list, such as model.hidden
      std::vector<std::string> parts;
      for (const auto& part : *item.list()) parts.push_back(part.scalar() ? *part.scalar() : "");
      values.push_back("[" + join(parts) + "]");
    }
  }
  return values;
}

void read_grid(const config::Tree* grid, Plan& plan) {
  if (!grid || grid->empty()) return;
  if (!grid->map()) {
    throw usage_error({.what = "'grid' is not a map",
                       .where = grid->place,
                       .found = grid->description(),
                       .expected = "axes such as quantizer.bits: [2, 3]"});
  }
  for (const auto& [key, values] : *grid->map())
    plan.grid.emplace_back(key, texts(values, "grid." + key));
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs read_pairs(config::Section& root, const std::string& key, const std::string& example) {
  const config::Tree* tree = root.raw(key);
  if (!tree || tree->empty()) return {};
  if (!tree->map()) {
    throw usage_error({.what = fmt::format("'{}' is not a map", key),
                       .where = tree->place,
                       .found = tree->description(),
                       .expected = "keys and values such as " + example});
  }
  Pairs pairs;
  for (const auto& [name, value] : *tree->map()) {
    if (!value.scalar()) {
      throw usage_error({.what = fmt::format("wrong value of '{}.{}'", key, name),
                         .where = value.place,
                         .found = value.description(),
                         .expected = "one value"});
    }
    pairs.emplace_back(name, *value.scalar());
  }
  return pairs;
}

// Every column is that of an experiment or of a value on an axis of the grid.
void check_columns(const config::Section& root, const SweepFile& file, const Plan& plan) {
  std::vector<std::string> known = file.experiments;
  for (const auto& [axis, values] : plan.grid) {
    for (const auto& value : values) known.push_back(axis + "=" + value);
  }
  for (const auto& [from, column] : plan.columns) {
    if (std::find(known.begin(), known.end(), from) != known.end()) continue;
    root.refuse("columns", fmt::format("has '{}', which the sweep does not run", from),
                suggestion(from, known));
  }
}

SweepFile read_file(const config::Tree& tree, Plan& plan) {
  config::Section root(&tree, "");
  SweepFile file;
  plan.title = root.word("title", plan.name);
  plan.paper_table = root.word("table", std::string());
  file.profile = root.word("profile", std::string("paper"));
  file.experiments = root.words("experiments", {});
  file.methods = root.words("methods", {});
  file.seeds = root.words("seeds", std::vector<std::string>{"1"});
  read_grid(root.raw("grid"), plan);
  for (const auto& [key, value] : read_pairs(root, "overrides", "train.epochs: 6"))
    file.overrides.push_back(config::parse_override(key + "=" + value));
  file.fallbacks = read_pairs(root, "fallbacks", "mnist: fashion_mnist");
  plan.columns = read_pairs(root, "columns", "model.width=16: k16");
  check_columns(root, file, plan);
  root.finish();
  return file;
}

void apply_word(const std::string& word, SweepFile& file, Plan& plan) {
  const config::Override change = config::parse_override(word);
  const auto values = axis_values(word.substr(change.key.size() + 1));
  if (change.key == "experiment") {
    file.experiments = values;
  } else if (change.key == "method") {
    file.methods = values;
  } else if (change.key == "seed") {
    file.seeds = values;
  } else {
    const auto axis = std::find_if(plan.grid.begin(), plan.grid.end(),
                                   [&](const auto& known) { return known.first == change.key; });
    if (axis != plan.grid.end()) {
      axis->second = values;
    } else if (values.size() > 1) {
      plan.grid.emplace_back(change.key, values);
    } else {
      file.overrides.push_back(change);
    }
  }
}

std::vector<Point> points(const Plan& plan) {
  std::vector<Point> all = {{}};
  for (const auto& [key, values] : plan.grid) {
    std::vector<Point> longer;
    for (const auto& point : all) {
      for (const auto& value : values) {
        longer.push_back(point);
        longer.back().emplace_back(key, value);
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::int64_t seed_number(const std::string& text) {
  std::int64_t seed = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (failed != std::errc{} || end != text.data() + text.size() || seed < 0) {
    throw usage_error({.what = "wrong seed",
                       .found = fmt::format("'{}'", text),
                       .expected = "whole numbers from 0"});
  }
  return seed;
}

std::vector<std::string> absent_files(const fs::path& configs, const std::string& experiment,
                                      const data::DataPaths& paths) {
  const config::Tree tree = train::load_named(configs, "experiments", experiment);
  const config::Tree* dataset = tree.find("dataset");
  if (!dataset || !dataset->scalar()) return {};  // resolve says what is wrong
  const auto spec = data::load_dataset(configs, *dataset->scalar());
  std::vector<std::string> absent;
  for (const auto& file : spec.files) {
    if (!data::locate(spec, file, paths)) absent.push_back(file.name);
  }
  return absent;
}

void take_fallbacks(const fs::path& configs, const data::DataPaths& paths, SweepFile& file,
                    Plan& plan) {
  for (const auto& [from, to] : file.fallbacks) {
    const auto wanted = std::find(file.experiments.begin(), file.experiments.end(), from);
    if (wanted == file.experiments.end() || absent_files(configs, from, paths).empty()) continue;
    if (!absent_files(configs, to, paths).empty()) continue;
    plan.notes.push_back(fmt::format(
        "The data of '{}' is not at hand, so '{}' was run instead; it has no printed figure.", from,
        to));
    *wanted = to;
  }
}

}  // namespace

std::vector<std::string> axis_values(const std::string& text) {
  long low = 0, high = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "range(%ld,%ld)%n", &low, &high, &used) == 2 &&
      used == static_cast<int>(text.size())) {
    if (high <= low || high - low > 100000) {
      throw usage_error(
          {.what = "an empty or too long range", .found = text, .expected = "range(2,5)"});
    }
    std::vector<std::string> values;
    for (long value = low; value < high; ++value) values.push_back(std::to_string(value));
    return values;
  }
  std::vector<std::string> values = {""};
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (c == ',' && depth == 0) {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  return values;
}

void settle(record::Status& status) {
  if (status.state != record::State::running || status.host != record::host_name()) return;
  if (::kill(static_cast<pid_t>(status.pid), 0) == 0 || errno == EPERM) return;
  status.state = record::State::interrupted;
  status.reason = "its process ended without a word";
}

void refresh(Job& job) {
  job.state = record::State::queued;
  job.reason.clear();
  try {
    auto status = record::read_status(job.folder / "status.json");
    if (!status) return;
    settle(*status);
    job.state = status->state;
    job.reason = status->reason;
  } catch (const Error& error) {
    job.state = record::State::failed;
    job.reason = error.what();
  }
}

Plan make_plan(const fs::path& configs, const PlanRequest& request) {
  Plan plan;
  plan.name = fs::path(request.sweep).stem().string();
  SweepFile file = read_file(train::load_named(configs, "sweeps", request.sweep), plan);
  const std::string own_profile = file.profile;
  if (!request.profile.empty()) file.profile = request.profile;
  for (const auto& word : request.words) apply_word(word, file, plan);
  take_fallbacks(configs, request.data, file, plan);
  plan.experiments = file.experiments;
  plan.methods = file.methods;
  const std::string label =
      file.profile == own_profile ? plan.name : plan.name + "-" + file.profile;
  plan.runs = request.runs.empty() ? fs::path("results") / label / "runs" : request.runs;

  for (const auto& experiment : plan.experiments) {
    auto absent = absent_files(configs, experiment, request.data);
    if (!absent.empty()) plan.absent[experiment] = std::move(absent);
    for (const auto& method : plan.methods) {
      for (const auto& point : points(plan)) {
        train::RunRequest wanted{experiment, method, file.profile, 0, file.overrides};
        for (const auto& [key, value] : point) {
          wanted.overrides.push_back(config::parse_override(key + "=" + value));
        }
        for (const auto& seed : file.seeds) {
          wanted.seed = seed_number(seed);
          Job job{train::resolve(configs, wanted), {}, record::State::queued, {}, point};
          job.folder = plan.runs / job.run.folder();
          plan.profile = job.run.profile;
          refresh(job);
          plan.jobs.push_back(std::move(job));
        }
      }
    }
  }
  return plan;
}

}  // namespace laq::sweep
