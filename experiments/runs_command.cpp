#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "analysis/json_values.hpp"
#include "analysis/sheet.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "record/schema.hpp"
#include "record/status.hpp"
#include "store/filter.hpp"
#include "store/shown.hpp"
#include "sweep/plan.hpp"
#include "train/run_lock.hpp"

namespace laq {
namespace fs = std::filesystem;
using analysis::Json;
namespace {

/// A folder of runs, and filters.
struct Selection {
  std::vector<std::string> positional, where;

  void add_to(CLI::App& command) {
    command.add_option("DIR", positional, "A folder of runs (results), and key=value filters");
    command
        .add_option("--where", where, "Only runs with this value: method=twn,late; can be repeated")
        ->allow_extra_args(false);
  }
  static bool is_folder(const std::string& word) {
    std::error_code ignored;
    return word.find('=') == std::string::npos || fs::is_directory(word, ignored);
  }
  fs::path folder() const {
    const auto folders = std::ranges::count_if(positional, is_folder);
    if (folders == 0) return "results";
    const auto first = std::ranges::find_if(positional, is_folder);
    if (folders == 1) return *first;
    throw usage_error({.what = "more than one folder",
                       .where = "command line",
                       .found = *std::ranges::find_if(first + 1, positional.end(), is_folder),
                       .expected = "one, and key=value"});
  }
  std::vector<std::string> words() const {
    std::vector<std::string> all = where;
    for (const auto& word : positional) {
      if (!is_folder(word)) all.push_back(word);
    }
    return all;
  }
  sweep::Plan plan(const Context& context, store::Store& store) const {
    std::error_code ignored;
    if (!fs::is_directory(folder(), ignored)) {
      throw Error({.what = "there is no such folder",
                   .where = folder().string(),
                   .advice = "name a folder of runs"});
    }
    return store::runs_below(context.configs, folder(), store);
  }
};

Json value_of(const record::FinalValue& value) {
  return std::visit([](const auto& plain) { return Json(plain); }, value);
}

std::string text_of(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? fmt::format("{:.6g}", value.get<double>()) : value.dump();
}

/// One row a run: what it is, every key that differs, its state and every final value.
std::vector<Json> rows_of(const sweep::Plan& plan, store::Store& store) {
  std::vector<std::string> finals;
  for (const auto& column : record::columns_of(record::Part::final_values))
    finals.emplace_back(column.name);
  std::vector<std::map<std::string, std::string>> configurations;
  for (const auto& job : plan.jobs) configurations.push_back(store::leaves(job.run.canonical));
  const std::set<std::string> differing = store::differing_keys(configurations);
  std::vector<Json> rows;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const sweep::Job& job = plan.jobs[i];
    const store::Stored run = store.of(job);
    Json row = {{"run", job.folder.lexically_relative(plan.runs).generic_string()},
                {"experiment", job.run.request.experiment},
                {"method", job.run.request.method},
                {"seed", job.run.request.seed},
                {"profile", job.run.request.profile},
                {"state", run.state_words()}};
    for (const auto& key : differing) {
      const auto found = configurations[i].find(key);
      row[key] = found == configurations[i].end() ? Json(nullptr) : Json(found->second);
    }
    for (const auto& key : finals) {
      row["final." + key] = nullptr;
      if (!run.record) continue;
      const auto& recorded = run.record->history.final_values;
      if (const auto found = recorded.find(key); found != recorded.end())
        row["final." + key] = value_of(found->second);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string markdown_of(const std::vector<Json>& rows) {
  analysis::Sheet sheet;
  for (const auto& [key, value] : rows.front().items()) {
    const bool number = key.starts_with("final.") || key == "seed";
    sheet.heads.push_back({"", key.starts_with("final.") ? key.substr(6) : key, !number});
  }
  for (const auto& row : rows) {
    std::vector<analysis::SheetCell> cells;
    for (const auto& [key, value] : row.items()) cells.push_back({text_of(value)});
    sheet.add(std::move(cells));
  }
  return analysis::markdown(sheet);
}

void list(const Selection& selection, const std::string& format, const std::string& out,
          const Context& context) {
  store::Store store;
  sweep::Plan plan = selection.plan(context, store);
  store::filter(selection.words(), plan);
  for (const auto& note : plan.notes) std::cerr << fmt::format("laq: note: {}\n", note);
  if (plan.jobs.empty()) {
    if (format == "json") return write_text(out, "[]\n");
    throw Error({.what = "no run is here", .where = selection.folder().string()});
  }
  const auto rows = rows_of(plan, store);
  write_text(out, format == "csv"    ? analysis::csv(rows)
                  : format == "json" ? analysis::json_text(rows)
                                     : markdown_of(rows));
}

/// A run's folder: as it is, the folder of its record, or by the last names of its path.
fs::path folder_of(const std::string& name) {
  fs::path path = name;
  if (path.filename() == "run.h5") path = path.parent_path();
  if (fs::exists(path / "run.h5") || fs::exists(path / "status.json")) return path;
  std::vector<std::string> near;
  for (const auto& run : store::walk("results").runs) {
    const std::string folder = run.generic_string();
    if (folder.ends_with("/" + path.generic_string())) near.push_back(folder);
  }
  if (near.size() == 1) return near.front();
  throw Error({.what = near.empty() ? "is no run" : "are several runs",
               .where = name,
               .found = join_few(near),
               .expected = "a run's folder, such as results/runs/mnist/late-627e7c20/seed-1",
               .advice = "laq runs lists them"});
}

/// What is known of one run.
struct Shown {
  store::Stored stored;
  std::map<std::string, std::string> configuration, provenance;
  std::map<std::string, Json> results;
};

Shown shown(const std::string& name) {
  store::Store store;
  Shown all{store.at(folder_of(name)), {}, {}, {}};
  if (all.stored.misplaced || !all.stored.record) {
    throw Error({.what = all.stored.reason.empty() ? "has no record yet" : all.stored.reason,
                 .where = all.stored.folder.string()});
  }
  const record::Provenance& from = all.stored.record->provenance;
  const config::Tree tree = config::parse_yaml(from.config_yaml, "configuration");
  const std::function<void(const config::Tree&, const std::string&)> add =
      [&](const config::Tree& at, const std::string& path) {
        if (at.map()) {
          for (const auto& [key, value] : *at.map())
            add(value, path.empty() ? key : path + "." + key);
          return;
        }
        std::vector<std::string> parts;
        if (at.list()) {
          for (const auto& one : *at.list()) parts.push_back(one.scalar() ? *one.scalar() : "…");
        }
        all.configuration[path] = at.scalar() ? *at.scalar() : "[" + join(parts) + "]";
      };
  add(tree, "");
  all.provenance = {{"experiment", from.experiment},
                    {"method", from.method},
                    {"profile", from.profile},
                    {"seed", std::to_string(from.seed)},
                    {"configuration", from.config_hash},
                    {"data, SHA-256", from.dataset_sha256},
                    {"program", from.creator + " " + from.version},
                    {"commit", from.build()},
                    {"machine", from.host},
                    {"processor", from.cpu_model + ", " + from.cpu_capability},
                    {"threads", std::to_string(from.threads)},
                    {"LibTorch", from.libtorch_version},
                    {"BLAS", from.blas},
                    {"device", from.device},
                    {"written", from.file_time}};
  for (const auto& [key, value] : all.stored.record->history.final_values)
    all.results[key] = value_of(value);
  return all;
}

std::string unit_of(const std::string& key) {
  const auto* facts = record::find_column(record::Part::final_values, key);
  return facts ? std::string(facts->unit) : "";
}

analysis::Sheet pairs(const std::map<std::string, std::string>& values, const char* what) {
  analysis::Sheet sheet{"", {{"", what, true}, {"", "", true}}};
  for (const auto& [key, value] : values) sheet.add({{key}, {value}});
  return sheet;
}

void show(const std::string& name) {
  const Shown run = shown(name);
  analysis::Document page{"run", run.stored.folder.generic_string(), {}};
  std::string state = record::state_name(run.stored.state);
  if (!run.stored.reason.empty()) state += ": " + run.stored.reason;
  std::map<std::string, std::string> results;
  for (const auto& [key, value] : run.results) results[key] = text_of(value) + " " + unit_of(key);
  analysis::Sheet epochs{"", {{"", "epoch"}}};
  const record::Table& table = run.stored.record->history.epochs;
  for (const auto& column : table.columns) epochs.heads.push_back({"", column.first});
  for (std::size_t i = 0; i < table.rows(); ++i) {
    std::vector<analysis::SheetCell> cells = {{std::to_string(table.index[i])}};
    for (const auto& [key, values] : table.columns)
      cells.push_back({fmt::format("{:.5g}", values[i])});
    epochs.add(std::move(cells));
  }
  page.blocks = {{"", {state}, {pairs(results, "result")}},
                 {"Epochs", {}, {std::move(epochs)}},
                 {"Configuration", {}, {pairs(run.configuration, "key")}},
                 {"Provenance", {}, {pairs(run.provenance, "what")}}};
  write_text("", analysis::markdown(page));
}

void compare(const std::string& left, const std::string& right) {
  const Shown a = shown(left), b = shown(right);
  analysis::Document page{"diff", "Two runs", {}};
  const auto add = [&](const std::string& title, const auto& from, const auto& to) {
    analysis::Sheet sheet{"", {{"", "what", true}, {"", "first"}, {"", "second"}}};
    std::set<std::string> keys;
    for (const auto& one : from) keys.insert(one.first);
    for (const auto& one : to) keys.insert(one.first);
    for (const auto& key : keys) {
      // Numbers that differ in their last digits alone do differ.
      const auto text = [&](const auto& map, bool whole) {
        const auto found = map.find(key);
        if (found == map.end()) return std::string();
        if constexpr (std::is_same_v<std::decay_t<decltype(found->second)>, Json>) {
          return whole ? found->second.dump() : text_of(found->second);
        } else {
          return found->second;
        }
      };
      if (text(from, true) == text(to, true)) continue;
      const bool whole = text(from, false) == text(to, false);
      sheet.add({{key}, {text(from, whole)}, {text(to, whole)}});
    }
    if (sheet.rows.empty()) return page.blocks.push_back({title, {"The same."}});
    page.blocks.push_back({title, {}, {std::move(sheet)}});
  };
  page.blocks.push_back({"",
                         {"first: " + a.stored.folder.generic_string(),
                          "second: " + b.stored.folder.generic_string()}});
  add("Results", a.results, b.results);
  add("Configuration", a.configuration, b.configuration);
  add("Provenance", a.provenance, b.provenance);
  write_text("", analysis::markdown(page));
}

bool agreed(std::size_t count) {
  if (::isatty(STDIN_FILENO) != 1) {
    throw usage_error(
        {.what = "there is nobody to ask", .where = "laq rm", .expected = "a terminal, or --yes"});
  }
  fmt::print("remove {} for good? [y/N] ", counted(count, "run"));
  std::fflush(stdout);
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "yes");
}

// By its status as it is now: one that can't be read tells nothing of the run.
bool has_failed(const fs::path& folder) {
  try {
    auto status = record::read_status(folder / "status.json");
    if (status) sweep::settle(*status);
    return status && status->state == record::State::failed;
  } catch (const Error&) {
    return false;
  }
}

void remove_runs(const Selection& selection, bool failed, bool yes, const Context& context) {
  const auto words = selection.words();
  if (!failed && words.empty()) {
    throw usage_error({.what = "nothing says which runs",
                       .where = "laq rm",
                       .expected = "--failed or --where key=value",
                       .advice = "laq runs --where … shows what would go"});
  }
  store::Store store;
  sweep::Plan plan = selection.plan(context, store);
  std::erase_if(plan.jobs, [&](const sweep::Job& job) {
    const bool spared = job.state != record::State::failed || !has_failed(job.folder);
    return (failed && spared) || job.state == record::State::running;
  });
  const auto kept = std::erase_if(plan.jobs, [&](const sweep::Job& job) {
    return has(job.folder.lexically_relative(selection.folder()), fs::path("records"));
  });
  if (kept > 0)
    fmt::print("records/ keeps {} for good; name that folder to remove them\n",
               counted(kept, "run"));
  if (plan.jobs.empty()) return fmt::print("nothing to remove\n");
  store::filter(words, plan);
  for (const auto& job : plan.jobs)
    fmt::print("{:<12} {}\n", record::state_name(job.state), job.folder.generic_string());
  std::fflush(stdout);
  if (!yes && !agreed(plan.jobs.size())) return fmt::print("nothing was removed\n");
  std::size_t removed = 0;
  for (const auto& job : plan.jobs) {
    if (!fs::exists(job.folder)) continue;
    const train::RunLock lock(job.folder);
    if (lock.taken()) {  // it was started since
      fmt::print("{} is being trained, and stays\n", job.folder.generic_string());
      continue;
    }
    if (failed && !has_failed(job.folder)) {
      fmt::print("{} has not failed, and stays\n", job.folder.generic_string());
      continue;
    }
    fs::remove_all(job.folder);
    std::error_code not_empty;
    fs::remove(job.folder.parent_path(), not_empty);
    ++removed;
  }
  fmt::print("{} removed\n", removed);
}

}  // namespace

void add_runs_commands(CLI::App& app, Context& context) {
  auto selection = std::make_shared<Selection>();
  auto format = std::make_shared<std::string>("md");
  auto out = std::make_shared<std::string>();
  CLI::App* runs = app.add_subcommand(
      "runs", "List the runs below a folder, with what differs and every final value");
  selection->add_to(*runs);
  runs->add_option("--format", *format, "Of the list")
      ->check(CLI::IsMember({"md", "csv", "json"}))
      ->capture_default_str();
  runs->add_option("--out", *out, "Write to this file (- is standard output)");
  runs->callback([selection, format, out, &context] { list(*selection, *format, *out, context); });

  auto names = std::make_shared<std::vector<std::string>>(2);
  CLI::App* one = app.add_subcommand("show", "Show a run's results, epochs and configuration");
  one->add_option("RUN", names->at(0), "Its folder, or the end of its path")->required();
  one->callback([names] { show(names->at(0)); });
  CLI::App* diff =
      app.add_subcommand("diff", "Compare two runs' results, configuration, provenance");
  diff->add_option("FIRST", names->at(0), "A run's folder")->required();
  diff->add_option("SECOND", names->at(1), "Another one's")->required();
  diff->callback([names] { compare(names->at(0), names->at(1)); });

  auto removed = std::make_shared<Selection>();
  auto failed = std::make_shared<bool>(false), yes = std::make_shared<bool>(false);
  CLI::App* rm = app.add_subcommand("rm", "Remove runs that failed or have certain values");
  removed->add_to(*rm);
  rm->add_flag("--failed", *failed, "Those that failed");
  rm->add_flag("--yes", *yes, "Without asking");
  rm->callback([removed, failed, yes, &context] { remove_runs(*removed, *failed, *yes, context); });
}

}  // namespace laq
