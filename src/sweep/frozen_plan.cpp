#include "sweep/frozen_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "core/file_lock.hpp"
#include "core/files.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "record/provenance.hpp"

namespace laq::sweep {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr std::size_t kMostNamed = 3;

std::string named(const std::vector<std::string>& names, const std::string& what) {
  return fmt::format("{} {} ({})", counted(names.size(), "run"), what, join_few(names, kMostNamed));
}

// "train.epochs 3 → 5" for every leaf that differs.
void add_changes(const Json& before, const Json& after, std::map<std::string, std::size_t>& into) {
  const Json a = before.flatten(), b = after.flatten();
  const auto key = [](std::string pointer) {
    pointer.erase(0, 1);
    std::replace(pointer.begin(), pointer.end(), '/', '.');
    return pointer;
  };
  for (const auto& [pointer, value] : a.items()) {
    const auto other = b.find(pointer);
    if (other != b.end() && *other == value) continue;
    ++into[fmt::format("{} {} → {}", key(pointer), value.dump(),
                       other == b.end() ? "nothing" : other->dump())];
  }
  for (const auto& [pointer, value] : b.items()) {
    if (!a.contains(pointer)) ++into[fmt::format("{} nothing → {}", key(pointer), value.dump())];
  }
}

Json pairs_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json all = Json::array();
  for (const auto& [first, second] : pairs) all.push_back({first, second});
  return all;
}

// Whether a fallback stands for an experiment, or replaces it.
bool has_fallback(const std::string& experiment, const FrozenPlan& frozen, const Plan& plan) {
  const auto among = [&](const Pairs& rules) {
    return std::any_of(rules.begin(), rules.end(), [&](const auto& rule) {
      return experiment == rule.first || experiment == rule.second;
    });
  };
  return among(plan.fallbacks) || among(frozen.fallbacks_taken);
}

// Runs that differ in nothing that was asked for but the seed.
bool alike(const FrozenRun& a, const FrozenRun& b) {
  return a.experiment == b.experiment && a.method == b.method && a.profile == b.profile &&
         a.point == b.point && a.overrides == b.overrides;
}

// Whether a run may come and go with the data of a fallback.
bool by_fallback(const FrozenRun& run, const Plan& plan) {
  const Pairs& taken = plan.fallbacks_taken;
  return std::any_of(plan.fallbacks.begin(), plan.fallbacks.end(), [&](const auto& rule) {
    return run.experiment == rule.second ||
           (run.experiment == rule.first &&
            std::find(taken.begin(), taken.end(), rule) != taken.end());
  });
}

void add_runs(FrozenPlan& frozen, const FrozenPlan& more) {
  std::set<std::string> known;
  for (const auto& run : frozen.runs) known.insert(run.folder);
  for (const auto& run : more.runs) {
    if (known.insert(run.folder).second) frozen.runs.push_back(run);
  }
  frozen.configurations.insert(more.configurations.begin(), more.configurations.end());
  frozen.title = more.title;
  frozen.paper_table = more.paper_table;
  frozen.columns = more.columns;
  frozen.notes = more.notes;
  frozen.listed = more.listed;
  frozen.fallbacks = more.fallbacks;
  frozen.fallbacks_taken = more.fallbacks_taken;
}

// "the methods late, twn are new", "the method lata is gone", of the file's list.
Values list_edits(const Values& before, const Values& now) {
  Values edits;
  const auto add = [&](const Values& from, const Values& without, const std::string& what) {
    Values names;
    for (const auto& name : from) {
      if (std::find(without.begin(), without.end(), name) == without.end()) names.push_back(name);
    }
    if (names.empty()) return;
    const bool one = names.size() == 1;
    edits.push_back(fmt::format("the method{} {} {} {}", one ? "" : "s", join(names),
                                one ? "is" : "are", what));
  };
  add(now, before, "new");
  add(before, now, "gone");
  return edits;
}

}  // namespace

std::string FrozenRun::name() const {
  return point_name(experiment, method, point) + fmt::format(" seed {}", seed);
}

std::string Difference::text() const {
  std::vector<std::string> parts;
  for (const auto& [what, runs] : changed) {
    parts.push_back(fmt::format("{} ({})", what, counted(runs, "run")));
    if (parts.size() == kMostNamed && changed.size() > kMostNamed) {
      parts.push_back(fmt::format("and {} other keys", changed.size() - kMostNamed));
      break;
    }
  }
  if (!added.empty()) parts.push_back(named(added, added.size() > 1 ? "are new" : "is new"));
  if (!gone.empty()) parts.push_back(named(gone, gone.size() > 1 ? "are gone" : "is gone"));
  return join(parts, "; ");
}

fs::path sweep_folder(const Plan& plan) {
  return plan.runs / ("sweep-" + plan.label);
}

fs::path results_of(const Plan& plan) {
  const fs::path last = plan.runs.filename(), above = plan.runs.parent_path();
  const bool own = (last == "runs" || last == "records") && above.filename() == plan.label;
  return own ? above : sweep_folder(plan);
}

FrozenRun frozen_run(const Job& job, const Plan& plan) {
  FrozenRun run{job.run.request.experiment,
                job.run.request.method,
                job.run.request.profile,
                job.run.request.seed,
                {},
                job.point,
                job.run.hash,
                job.run.folder().string(),
                !plan.words.empty(),
                job.run.method_title,
                job.changed_by_words,
                job.changed_by_point};
  for (const auto& change : job.run.request.overrides) run.overrides.push_back(change.text);
  return run;
}

FrozenPlan freeze(const Plan& plan) {
  FrozenPlan frozen{plan.label,
                    now_iso8601(),
                    std::string(record::version()),
                    std::string(record::git_commit()),
                    plan.fallbacks_taken,
                    {},
                    {},
                    plan.file,
                    plan.title,
                    plan.paper_table,
                    plan.columns,
                    plan.fallbacks,
                    plan.notes,
                    plan.listed};
  for (const auto& job : plan.jobs) {
    frozen.runs.push_back(frozen_run(job, plan));
    frozen.configurations.emplace(job.run.hash, job.run.canonical);
  }
  return frozen;
}

Difference difference(const FrozenPlan& frozen, const Plan& plan) {
  std::set<std::string> before, now;
  std::map<std::string, const FrozenRun*> by_name;
  for (const auto& run : frozen.runs) before.insert(run.folder);
  for (const auto& job : plan.jobs) now.insert(job.run.folder().string());
  for (const auto& run : frozen.runs) {
    if (!now.contains(run.folder)) by_name[run.name()] = &run;
  }
  Difference result;
  for (const auto& job : plan.jobs) {
    if (before.contains(job.run.folder().string())) continue;
    const std::string name = job_name(job);
    const FrozenRun run = frozen_run(job, plan);
    const auto other_seed = std::find_if(frozen.runs.begin(), frozen.runs.end(),
                                         [&](const FrozenRun& one) { return alike(one, run); });
    const bool edited = other_seed != frozen.runs.end() && other_seed->hash != run.hash;
    result.edited = result.edited || edited;
    const auto old = by_name.find(name);
    if (old == by_name.end()) {
      result.by_data = result.by_data && has_fallback(run.experiment, frozen, plan);
      if (edited) {
        add_changes(frozen.configurations.at(other_seed->hash), job.run.canonical, result.changed);
      } else {
        result.added.push_back(name);
      }
      continue;
    }
    add_changes(frozen.configurations.at(old->second->hash), job.run.canonical, result.changed);
    by_name.erase(old);
  }
  if (!plan.words.empty()) return result;
  for (const auto& [name, run] : by_name) {
    if (!run->by_words && !by_fallback(*run, plan)) result.gone.push_back(name);
  }
  return result;
}

std::string edits_since(const fs::path& configs, const FrozenPlan& frozen,
                        const std::function<Plan()>& today) {
  const bool by_words = std::any_of(frozen.runs.begin(), frozen.runs.end(),
                                    [](const FrozenRun& run) { return run.by_words; });
  try {
    if (!by_words) return difference(frozen, today()).text();
    Plan again;
    again.words = {""};                          // of a part: what it lacks is not gone
    std::map<std::string, train::Run> resolved;  // by the hash that it had
    for (const auto& run : frozen.runs) {
      train::RunRequest request{run.experiment, run.method, run.profile, run.seed, {}};
      for (const auto& word : run.overrides)
        request.overrides.push_back(config::parse_override(word));
      auto known = resolved.find(run.hash);
      if (known == resolved.end())
        known = resolved.emplace(run.hash, train::resolve(configs, request)).first;
      Job job{.run = known->second, .point = run.point};
      job.run.request.seed = run.seed;
      again.jobs.push_back(std::move(job));
    }
    Values edits;
    if (!frozen.listed.empty()) edits = list_edits(frozen.listed, today().listed);
    if (const std::string runs = difference(frozen, again).text(); !runs.empty())
      edits.push_back(runs);
    return join(edits, "; ");
  } catch (const Error& error) {
    return error.what();
  }
}

Json to_json(const std::vector<FrozenRun>& runs) {
  Json all = Json::array();
  for (const auto& run : runs) {
    all.push_back({{"experiment", run.experiment},
                   {"method", run.method},
                   {"profile", run.profile},
                   {"seed", run.seed},
                   {"overrides", run.overrides},
                   {"point", pairs_json(run.point)},
                   {"hash", run.hash},
                   {"folder", run.folder},
                   {"by_words", run.by_words},
                   {"title", run.title},
                   {"changed_by_words", run.changed_by_words},
                   {"changed_by_point", run.changed_by_point}});
  }
  return all;
}

std::vector<FrozenRun> frozen_runs_from(const Json& json) {
  std::vector<FrozenRun> runs;
  for (const auto& run : json) {
    runs.push_back({run.at("experiment"), run.at("method"), run.at("profile"), run.at("seed"),
                    run.at("overrides"), run.at("point"), run.at("hash"), run.at("folder"),
                    run.at("by_words"), run.value("title", ""),
                    run.value("changed_by_words", false), run.value("changed_by_point", false)});
  }
  return runs;
}

std::optional<FrozenPlan> read_frozen_plan(const fs::path& file) {
  std::error_code failed;
  if (!fs::exists(file, failed) && !failed) return std::nullopt;
  const std::string text = read_file(file);
  try {
    const Json json = Json::parse(text);
    FrozenPlan plan{json.at("sweep"),
                    json.at("created"),
                    json.at("version"),
                    json.at("commit"),
                    json.at("fallbacks_taken"),
                    frozen_runs_from(json.at("runs")),
                    {},
                    json.value("file", json.at("sweep").get<std::string>()),
                    json.value("title", ""),
                    json.value("table", ""),
                    json.value("columns", Pairs()),
                    json.value("fallbacks", Pairs()),
                    json.value("notes", std::vector<std::string>()),
                    json.value("methods", Values())};
    for (const auto& [hash, configuration] : json.at("configurations").items())
      plan.configurations.emplace(hash, configuration);
    for (const auto& run : plan.runs) {
      if (!plan.configurations.contains(run.hash))
        throw Error({.what = "a configuration is missing"});
    }
    return plan;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error({.what = fmt::format("the frozen plan is broken: {}", first_line(error.what())),
                 .where = file.string(),
                 .advice = "delete the file; the sweep then freezes its present plan"});
  }
}

void write_frozen_plan(const fs::path& file, const FrozenPlan& plan) {
  const Json json{{"sweep", plan.sweep},
                  {"created", plan.created},
                  {"version", plan.version},
                  {"commit", plan.commit},
                  {"fallbacks_taken", pairs_json(plan.fallbacks_taken)},
                  {"file", plan.file},
                  {"title", plan.title},
                  {"table", plan.paper_table},
                  {"columns", pairs_json(plan.columns)},
                  {"fallbacks", pairs_json(plan.fallbacks)},
                  {"notes", plan.notes},
                  {"methods", plan.listed},
                  {"runs", to_json(plan.runs)},
                  {"configurations", plan.configurations}};
  replace_file(file, json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string settle_identity(const Plan& plan, bool extend) {
  const fs::path folder = sweep_folder(plan), file = folder / "plan.json";
  make_folder(folder);
  const FileLock lock(folder / "lock", FileLock::Wait::yes);
  auto frozen = read_frozen_plan(file);
  if (!frozen) {
    write_frozen_plan(file, freeze(plan));
    return "";
  }
  const Difference differs = difference(*frozen, plan);
  if (differs.none()) return "";
  const bool kept = differs.gone.empty() && differs.changed.empty();
  const bool only_more = plan.words.empty() ? kept : !differs.edited;
  const bool other_data = frozen->fallbacks_taken != plan.fallbacks_taken && kept &&
                          differs.by_data &&
                          (frozen->listed.empty() || frozen->listed == plan.listed);
  if ((extend && only_more) || other_data) {
    add_runs(*frozen, freeze(plan));
    write_frozen_plan(file, *frozen);
    return differs.text();
  }
  const bool lacks_words = plan.words.empty() && has(frozen->runs, true, &FrozenRun::by_words);
  throw usage_error(
      {.what = fmt::format("the sweep is not the one that was started here on {}: {}",
                           frozen->created, differs.text()),
       .where = file.string(),
       .advice = only_more ? "add the new runs with --extend, or give the sweep another name with "
                             "--name NAME"
                 : lacks_words
                     ? "repeat the words that it was started with, or give the sweep another name "
                       "with --name NAME"
                     : "give the sweep another name with --name NAME (--extend only adds runs)"});
}

}  // namespace laq::sweep
