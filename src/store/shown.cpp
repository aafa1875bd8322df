#include "store/shown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "record/run_identity.hpp"
#include "store/filter.hpp"
#include "sweep/frozen_plan.hpp"
#include "train/recorded_run.hpp"

namespace laq::store {
namespace fs = std::filesystem;
namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_configuration(const fs::path& configs, const std::string& what) {
  return fs::path(what).extension() == ".yaml" || is_there(configs / "sweeps" / (what + ".yaml"));
}

// "sweep-quick, sweep-bits: 30 runs": what is below a folder, for a message.
std::string inventory(const fs::path& folder) {
  if (!is_there(folder)) return "no such folder";
  const Found found = walk(folder);
  std::vector<std::string> names;
  for (const auto& plan : found.plans)
    names.push_back(plan.parent_path().filename().string().substr(6));
  std::string text = counted(found.runs.size(), "run");
  if (!names.empty()) text += " of the sweeps " + join_few(names, 20);
  return text;
}

// The folder of runs, "" when there is none, and the names that the plan may have there.
struct Place {
  fs::path runs;
  std::vector<std::string> labels;

  fs::path plan(const std::string& label) const { return runs / ("sweep-" + label) / "plan.json"; }
};

// Where a sweep of this name keeps its runs: in results/NAME/runs, or, when nothing was run here,
// in the records that git keeps.
Place place_of(const Wanted& wanted, const std::string& name) {
  std::vector<std::string> labels;
  if (!wanted.profile.empty()) labels.push_back(name + "-" + wanted.profile);
  labels.push_back(name);
  if (!wanted.runs.empty()) return {wanted.runs, labels};
  for (const auto& label : labels) {
    const Place own{fs::path("results") / label / "runs", {label}};
    const fs::path records = fs::path("results") / label / "records";
    if (is_there(own.plan(label))) return own;
    if (!is_there(own.runs) && is_there(records)) return {records, {label}};
  }
  return {{}, labels};
}

class Showing {
 public:
  Showing(const fs::path& configs, const Wanted& wanted, Store& store)
      : configs_(configs), wanted_(wanted), store_(store) {}

  std::vector<sweep::Plan> plans() {
    const std::string& what = wanted_.what;
    const bool known = is_configuration(configs_, what);
    if (!known && fs::is_directory(what)) {
      const auto files = walk(what).plans;
      return files.empty() ? std::vector{unplanned(what)} : recorded(files);
    }
    const std::string name = !known                 ? what
                             : wanted_.name.empty() ? fs::path(what).stem().string()
                                                    : wanted_.name;
    const Place place = place_of(wanted_, name);
    for (const auto& label : place.labels) {
      if (is_there(place.plan(label))) return recorded({place.plan(label)});
    }
    if (known) return {planned_today(place)};
    if (!wanted_.runs.empty()) {
      throw Error({.what = fmt::format("no sweep '{}' was run here", what),
                   .where = wanted_.runs.string(),
                   .found = inventory(wanted_.runs)});
    }
    train::load_named(configs_, "sweeps", what);  // says what there is
    return {};
  }

 private:
  std::vector<sweep::Plan> recorded(const std::vector<fs::path>& files) {
    std::vector<sweep::Plan> plans;
    std::string refusal;
    for (const auto& file : files) {
      const auto frozen = sweep::read_frozen_plan(file);
      if (!frozen) continue;
      sweep::Plan plan = sweep::recorded_plan(configs_, *frozen, file.parent_path().parent_path());
      see_data(plan);
      for (auto& job : plan.jobs) store_.look(job);
      try {
        leave_out(plan);
      } catch (const Error& error) {
        if (error.kind() == Error::Kind::usage) throw;
        refusal = error.what();
        continue;
      }
      add_edits(*frozen, plan);
      plans.push_back(std::move(plan));
    }
    if (plans.empty()) throw Error({.what = refusal});
    return plans;
  }

  // What is of another profile, or does not fit the words.
  void leave_out(sweep::Plan& plan) const {
    if (!wanted_.profile.empty()) filter({"profile=" + wanted_.profile}, plan);
    filter(wanted_.words, plan);
  }

  sweep::Plan today(const std::string& file, const std::string& name, const std::string& profile,
                    const fs::path& runs) {
    return sweep::make_plan(configs_, {.sweep = file,
                                       .profile = profile,
                                       .name = name,
                                       .words = {},
                                       .runs = runs,
                                       .data = wanted_.data,
                                       .look = [&](sweep::Job& job) { store_.look(job); }});
  }

  void add_edits(const sweep::FrozenPlan& frozen, sweep::Plan& plan) {
    const bool known = is_configuration(configs_, wanted_.what);
    const std::string file = known ? wanted_.what : frozen.file;
    if (!is_configuration(configs_, file)) return;
    const std::string edits = sweep::edits_since(
        configs_, frozen, [&] { return today(file, frozen.sweep, plan.profile.name, plan.runs); });
    if (edits.empty()) return;
    plan.notes.push_back(
        fmt::format("Shown is what was run, as it was planned on {}; today's files "
                    "say otherwise: {}.",
                    frozen.created.substr(0, 10), edits));
  }

  void see_data(sweep::Plan& plan) const {
    for (const auto& experiment : plan.experiments) {
      try {
        auto absent = sweep::absent_files(configs_, experiment, wanted_.data);
        if (!absent.empty()) plan.absent[experiment] = std::move(absent);
      } catch (const Error&) {
        // The experiment has no file any more: its runs that are there need none.
      }
    }
  }

  sweep::Plan planned_today(const Place& place) {
    sweep::Plan plan = today(wanted_.what, wanted_.name, wanted_.profile, place.runs);
    const bool any = std::ranges::any_of(plan.jobs, [&](const sweep::Job& job) {
      const Stored& run = store_.at(job.folder);
      return run.status || run.record || run.misplaced;
    });
    if (!any) {
      throw Error({.what = fmt::format("nothing of the sweep '{}' was run here", plan.label),
                   .where = plan.runs.string(),
                   .found = inventory(place.runs.empty() ? fs::path("results") : place.runs),
                   .advice = fmt::format("laq sweep {} runs it; name a folder to see what is there",
                                         wanted_.what)});
    }
    leave_out(plan);
    return plan;
  }

  sweep::Plan unplanned(const fs::path& folder) {
    sweep::Plan plan = runs_below(configs_, folder, store_);
    if (plan.jobs.empty()) {
      throw Error({.what = "no run is here", .where = folder.string(), .found = inventory(folder)});
    }
    leave_out(plan);
    return plan;
  }

  const fs::path& configs_;
  const Wanted& wanted_;
  Store& store_;
};

// What a run's folder says of how it was resolved: from its record, or from config.yaml.
struct Resolved {
  train::RunRequest request;
  std::string yaml, hash;
};

Resolved resolved_in(const Stored& run) {
  if (run.record) {
    const record::Provenance& from = run.record->provenance;
    return {{from.experiment, from.method, from.profile, from.seed, {}},
            from.config_yaml,
            from.config_hash};
  }
  const record::RunIdentity named = record::identity_by_name(run.folder);
  Resolved all{{named.experiment, named.method, "unknown", named.seed.value_or(0), {}},
               read_file(run.folder / "config.yaml"),
               named.hash};
  // # experiment mnist, method late, profile quick, hash …
  const std::string head = first_line(all.yaml);
  const auto at = head.find("profile ");
  if (at != head.npos) all.request.profile = head.substr(at + 8, head.find(',', at) - at - 8);
  if (const auto hash = head.rfind("hash "); hash != head.npos) all.hash = head.substr(hash + 5);
  return all;
}

// The keys in which jobs of one method and experiment differ become coordinates.
void add_points(const fs::path& configs, sweep::Plan& plan) {
  std::map<std::pair<std::string, std::string>, std::vector<std::map<std::string, std::string>>>
      groups;
  for (const auto& job : plan.jobs) {
    groups[{job.run.request.experiment, job.run.request.method}].push_back(
        leaves(job.run.canonical));
  }
  std::set<std::string> differing;
  for (const auto& [name, configurations] : groups) differing.merge(differing_keys(configurations));
  for (auto& job : plan.jobs) {
    for (const auto& [key, value] : leaves(job.run.canonical)) {
      if (!differing.contains(key) || key.starts_with("dataset.")) continue;
      job.point.emplace_back(key, value);
      job.run.request.overrides.push_back(config::parse_override(key + "=" + value));
    }
    // Words are not known: whatever today's files do not say counts as changed.
    try {
      train::RunRequest plain = job.run.request;
      job.changed_by_words = train::resolve(configs, plain).hash != job.run.hash;
      plain.overrides.clear();
      job.changed_by_point = train::resolve(configs, plain).hash != job.run.hash;
    } catch (const Error&) {
      job.changed_by_words = job.changed_by_point = true;
    }
  }
}

}  // namespace

std::vector<sweep::Plan> shown(const fs::path& configs, const Wanted& wanted, Store& store) {
  return Showing(configs, wanted, store).plans();
}

sweep::Plan shown_one(const fs::path& configs, const Wanted& wanted, Store& store) {
  auto plans = shown(configs, wanted, store);
  if (plans.size() == 1) return std::move(plans.front());
  std::vector<std::string> names;
  for (const auto& plan : plans) names.push_back(plan.label);
  throw usage_error({.what = "several sweeps were run there",
                     .where = wanted.what,
                     .found = join(names),
                     .advice = "name one of them, with --runs for its folder"});
}

sweep::Plan runs_below(const fs::path& configs, const fs::path& folder, Store& store) {
  sweep::Plan plan;
  plan.name = plan.label = fs::absolute(folder / "").lexically_normal().parent_path().filename();
  plan.title = "Runs below " + folder.generic_string();
  plan.runs = folder;
  plan.results = folder;
  std::map<std::string, train::Run> runs;  // by method and hash: the same one with several seeds
  std::vector<std::string> lost;
  std::string why;
  const auto lose = [&](const fs::path& path, const std::string& reason) {
    lost.push_back(path.lexically_relative(folder).string());
    why = reason;
  };
  const Found found = walk(folder);
  for (const auto& path : found.runs) {
    const Stored& stored = store.at(path);
    try {
      if (stored.misplaced) throw Error({.what = stored.reason});
      const Resolved from = resolved_in(stored);
      auto known = runs.find(from.request.method + from.hash);
      if (known == runs.end()) {
        train::Run run = train::recorded_run(configs, from.request, from.yaml, from.hash);
        known = runs.emplace(from.request.method + from.hash, std::move(run)).first;
      }
      sweep::Job job{.run = known->second, .folder = path};
      job.run.request = from.request;
      store.look(job);
      plan.jobs.push_back(std::move(job));
    } catch (const Error& error) {
      lose(path, error.what());
    }
  }
  for (const auto& [path, reason] : found.closed) lose(path, reason);
  if (!lost.empty()) {
    plan.notes.push_back(fmt::format("{} cannot be shown ({}): {}", counted(lost.size(), "folder"),
                                     join_few(lost), why));
  }
  add_points(configs, plan);
  sweep::complete_from_jobs(plan);
  return plan;
}

}  // namespace laq::store
