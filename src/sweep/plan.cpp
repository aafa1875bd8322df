#include "sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/locate.hpp"
#include "sweep/frozen_plan.hpp"
#include "sweep/sweep_file.hpp"

namespace laq::sweep {
namespace fs = std::filesystem;
namespace {

std::int64_t seed_number(const std::string& text) {
  const auto seed = number_from<std::int64_t>(text);
  if (!seed || *seed < 0) {
    throw usage_error({.what = "wrong seed",
                       .found = fmt::format("'{}'", text),
                       .expected = fmt::format("whole numbers from 0 to {}",
                                               std::numeric_limits<std::int64_t>::max())});
  }
  return *seed;
}

/// Makes the jobs of a sweep, point by point; what cannot be run is collected and told together.
class Expansion {
 public:
  Expansion(const fs::path& configs, const PlanRequest& request, const SweepFile& file, Plan& plan)
      : configs_(configs),
        paths_(request.data),
        look_(request.look),
        file_(file),
        plan_(plan),
        excluded_(file.exclusions.size()) {
    for (const auto& seed : file.seeds) seeds_.emplace_back(seed, seed_number(seed));
    // A name that is not known is no matter of combinations.
    for (const auto& one : file.experiments) train::load_named(configs, "experiments", one);
    for (const auto& one : file.methods) train::load_named(configs, "methods", one);
  }

  void expand() {
    const std::vector<Point> points = file_.axes.points();
    for (const auto& experiment : file_.experiments) {
      const std::size_t first = plan_.jobs.size();
      for (const auto& method : file_.methods) {
        for (const auto& point : points) add(experiment, method, point, seeds_);
      }
      plan_.experiments.push_back(experiment);
      if (auto absent = absent_files(configs_, experiment, paths_); !absent.empty()) {
        plan_.absent[experiment] = std::move(absent);
        fall_back(experiment, first);
      }
    }
    if (!refused_.empty()) refuse();
    refuse_twice();
    note_exclusions();
    if (plan_.jobs.empty()) {
      throw usage_error({.what = "nothing is left to run",
                         .where = fmt::format("sweep {}", plan_.name),
                         .advice = "look at what 'exclude' leaves out"});
    }
  }

 private:
  /// As it is written, and the number.
  using Seeds = std::vector<std::pair<std::string, std::int64_t>>;

  void add(const std::string& experiment, const std::string& method, const Point& point,
           const Seeds& wanted_seeds) {
    std::vector<std::int64_t> seeds;
    for (const auto& [text, seed] : wanted_seeds) {
      if (!excluded(experiment, method, text, point)) seeds.push_back(seed);
    }
    if (seeds.empty()) return;
    train::RunRequest wanted{experiment, method, file_.profile, seeds.front(), file_.overrides};
    for (const auto& [key, value] : point)
      wanted.overrides.push_back(config::parse_override(key + "=" + value));
    try {
      Job job{.run = train::resolve(configs_, wanted), .point = point};
      see_changes(configs_, plan_.columns, job);
      for (const auto seed : seeds) add(job, seed);
      plan_.profile = job.run.profile;
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::usage) throw;
      if (refused_.empty()) first_refusal_ = error;
      refused_.push_back(point_name(experiment, method, point));
    }
  }

  void add(Job job, std::int64_t seed) {
    job.run.request.seed = seed;  // outside the configuration and its hash
    job.folder = plan_.runs / job.run.folder();
    const std::string name = job_name(job);
    const auto [known, is_new] = names_.try_emplace({job.run.hash, seed}, name);
    if (!is_new) {
      twice_.push_back(known->second == name ? name : known->second + " and " + name);
      return;
    }
    look_ ? look_(job) : refresh(job);
    plan_.jobs.push_back(std::move(job));
  }

  // Of the jobs from `first` on, whose data is not at hand, those that have no outcome give way to
  // the experiment that is to run instead.
  void fall_back(const std::string& experiment, std::size_t first) {
    const auto rule = std::find_if(file_.fallbacks.begin(), file_.fallbacks.end(),
                                   [&](const auto& pair) { return pair.first == experiment; });
    if (rule == file_.fallbacks.end()) return;
    const std::string& instead = rule->second;
    const auto& planned = file_.experiments;
    if (std::find(planned.begin(), planned.end(), instead) != planned.end() ||
        !absent_files(configs_, instead, paths_).empty())
      return;
    const auto begin = plan_.jobs.begin() + static_cast<std::ptrdiff_t>(first);
    const auto middle = std::stable_partition(begin, plan_.jobs.end(),
                                              [](const Job& job) { return job.has_outcome(); });
    const std::vector<Job> open(std::make_move_iterator(middle),
                                std::make_move_iterator(plan_.jobs.end()));
    const std::size_t all = plan_.jobs.size() - first;
    plan_.jobs.erase(middle, plan_.jobs.end());
    if (open.empty()) return;
    for (const auto& job : open) {
      const std::int64_t seed = job.run.request.seed;
      add(instead, job.run.request.method, job.point, {{std::to_string(seed), seed}});
    }
    if (open.size() == all) plan_.experiments.pop_back();
    plan_.experiments.push_back(instead);
    plan_.fallbacks_taken.emplace_back(experiment, instead);
    plan_.notes.push_back(fmt::format(
        "The data of '{}' is not at hand, so '{}' was run instead{}; it has no printed figure.",
        experiment, instead,
        open.size() == all
            ? ""
            : fmt::format(" where nothing is recorded ({} of {} runs)", open.size(), all)));
  }

  bool excluded(const std::string& experiment, const std::string& method, const std::string& seed,
                const Point& point) {
    Point all = point;
    all.insert(all.end(), {{"experiment", experiment}, {"method", method}, {"seed", seed}});
    bool any = false;
    for (std::size_t i = 0; i < excluded_.size(); ++i) {
      if (!file_.exclusions[i].holds_for(all)) continue;
      ++excluded_[i];
      any = true;
    }
    return any;
  }

  [[noreturn]] void refuse() const {
    if (plan_.jobs.empty()) throw *first_refusal_;
    throw usage_error({.what = fmt::format("{} of the sweep cannot be run ({}): {}",
                                           counted(refused_.size(), "combination"),
                                           join_few(refused_), first_refusal_->what()),
                       .advice = "or name what has no meaning under 'exclude'"});
  }

  void refuse_twice() const {
    if (twice_.empty()) return;
    throw usage_error({.what = fmt::format("the sweep has {} twice: {}",
                                           counted(twice_.size(), "run"), join_few(twice_)),
                       .where = fmt::format("sweep {}", plan_.name),
                       .advice = "keep one of the values, or name the other under 'exclude'"});
  }

  void note_exclusions() {
    for (std::size_t i = 0; i < excluded_.size(); ++i) {
      const Exclusion& one = file_.exclusions[i];
      if (excluded_[i] > 0) {
        plan_.notes.push_back(fmt::format("Excluded by the sweep's file: {} ({}).", one.text(),
                                          counted(excluded_[i], "run")));
      } else if (plan_.words.empty()) {  // words may take away what would be excluded
        throw usage_error({.what = fmt::format("'exclude' leaves out nothing with {}", one.text()),
                           .where = one.place,
                           .advice = "compare it with the axes, or remove it"});
      }
    }
  }

  const fs::path& configs_;
  const data::DataPaths& paths_;
  const std::function<void(Job&)>& look_;
  const SweepFile& file_;
  Plan& plan_;
  Seeds seeds_;
  // Of every run that was added, what it is and how it is called; and those that came again.
  std::map<std::pair<std::string, std::int64_t>, std::string> names_;
  std::vector<std::string> twice_;
  std::vector<std::size_t> excluded_;  // runs, for each exclusion
  std::vector<std::string> refused_;
  std::optional<Error> first_refusal_;
};

}  // namespace

std::string job_name(const Job& job) {
  const train::RunRequest& request = job.run.request;
  return point_name(request.experiment, request.method, job.point) +
         fmt::format(" seed {}", request.seed);
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

std::vector<config::Override> words_of(const Job& job) {
  const auto& all = job.run.request.overrides;
  const auto points = static_cast<std::ptrdiff_t>(std::min(job.point.size(), all.size()));
  return {all.begin(), all.end() - points};
}

std::vector<config::Override> point_of(const Job& job) {
  const auto words = static_cast<std::ptrdiff_t>(words_of(job).size());
  return {job.run.request.overrides.begin() + words, job.run.request.overrides.end()};
}

const std::string* named_column(const Pairs& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const auto& one) { return one.first == name; });
  return found == columns.end() ? nullptr : &found->second;
}

void see_changes(const fs::path& configs, const Pairs& columns, Job& job) {
  const auto differs = [&](const std::vector<config::Override>& overrides) {
    if (overrides.size() == job.run.request.overrides.size()) return false;
    train::RunRequest request = job.run.request;
    request.overrides = overrides;
    try {
      return train::resolve(configs, request).hash != job.run.hash;
    } catch (const Error&) {  // without the words the combination has no meaning
      return true;
    }
  };
  job.changed_by_words = differs(point_of(job));
  std::vector<config::Override> kept = words_of(job);
  for (const auto& change : point_of(job)) {
    if (named_column(columns, change.text)) kept.push_back(change);
  }
  job.changed_by_point = differs(kept);
}

std::vector<std::string> equal_quantizers(const std::vector<Job>& jobs) {
  std::vector<std::pair<nlohmann::json, std::vector<std::string>>> sets;
  for (const auto& job : jobs) {
    nlohmann::json form = {job.run.request.experiment, job.run.canonical};
    nlohmann::json& quantizer = form[1]["quantizer"];
    const std::string levels = quantizer.value("levels", "");
    if ((levels == "linear" || levels == "log") && quantizer.value("bits", 0) == 2) {
      quantizer["levels"] = "ternary";
      quantizer.erase("bits");
    }
    const std::string name =
        point_name(job.run.request.experiment, job.run.request.method, job.point);
    const auto known =
        std::find_if(sets.begin(), sets.end(), [&](const auto& set) { return set.first == form; });
    auto& names = known == sets.end()
                      ? sets.emplace_back(std::move(form), std::vector<std::string>{}).second
                      : known->second;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::vector<std::string> sentences;
  for (const auto& [form, names] : sets) {
    if (names.size() > 1)
      sentences.push_back("One quantizer under several names: " + join(names, "; ") + ".");
  }
  return sentences;
}

void settle(record::Status& status) {
  if (status.state != record::State::running || !record::writer_gone(status)) return;
  status.state = record::State::interrupted;
  status.reason = "its process ended without a word";
}

void refresh(Job& job) {
  job.state = record::State::queued;
  job.reason.clear();
  job.sign = 0;
  job.method_source.clear();
  try {
    record::require_run_in(job.folder, job.run.identity());
    auto status = record::read_status(job.folder / "status.json");
    if (!status) return;
    settle(*status);
    job.sign = status->heartbeat_seconds;
    job.state = status->state;
    job.reason = status->reason;
    job.method_source = status->method_source;
  } catch (const Error& error) {
    job.state = record::State::failed;
    job.reason = error.what();
  }
}

record::RunRecord read_record(const Job& job) {
  const fs::path file = job.folder / "run.h5";
  record::RunRecord record = record::read_run_record(file);
  record::require_run(file, record::identity_of(record.provenance), job.run.identity());
  return record;
}

Plan make_plan(const fs::path& configs, const PlanRequest& request) {
  if (request.name == "." || request.name == ".." || request.name.find('/') != std::string::npos) {
    throw usage_error({.what = "is no name of a sweep",
                       .where = "--name",
                       .found = "'" + request.name + "'",
                       .expected = "a name of a folder, without '/'"});
  }
  Plan plan;
  plan.name = request.name.empty() ? fs::path(request.sweep).stem().string() : request.name;
  plan.file = request.sweep;
  plan.words = request.words;
  SweepFile file = read_sweep_file(train::load_named(configs, "sweeps", request.sweep), plan.name);
  const std::string own_profile = file.profile;
  plan.listed = file.methods;
  if (!request.profile.empty()) file.profile = request.profile;
  for (const auto& word : request.words) apply_word(word, file);
  file.axes.check();
  plan.title = file.title;
  plan.paper_table = file.paper_table;
  plan.columns = file.columns;
  plan.slurm = file.slurm;
  plan.fallbacks = file.fallbacks;
  plan.methods = file.methods;
  plan.grid = file.axes.all();
  plan.label = file.profile == own_profile ? plan.name : plan.name + "-" + file.profile;
  plan.runs =
      request.runs.empty() ? fs::path("results") / plan.label / "runs" : fs::path(request.runs);
  plan.results = results_of(plan);
  Expansion(configs, request, file, plan).expand();
  return plan;
}

}  // namespace laq::sweep
