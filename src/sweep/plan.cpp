#include "sweep/plan.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/locate.hpp"
#include "record/provenance.hpp"
#include "sweep/sweep_file.hpp"

namespace laq::sweep {
namespace fs = std::filesystem;
namespace {

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
    plan.fallbacks_taken.emplace_back(from, to);
    plan.notes.push_back(fmt::format(
        "The data of '{}' is not at hand, so '{}' was run instead; it has no printed figure.", from,
        to));
    *wanted = to;
  }
}

/// Makes the jobs of a sweep, point by point; what cannot be run is collected and told together.
class Expansion {
 public:
  Expansion(const fs::path& configs, const SweepFile& file, Plan& plan)
      : configs_(configs), file_(file), plan_(plan), excluded_(file.exclusions.size()) {
    for (const auto& seed : file.seeds) seeds_.push_back(seed_number(seed));
    // A name that is not known is no matter of combinations.
    for (const auto& one : file.experiments) train::load_named(configs, "experiments", one);
    for (const auto& one : file.methods) train::load_named(configs, "methods", one);
  }

  void expand() {
    const std::vector<Point> points = file_.axes.points();
    for (const auto& experiment : file_.experiments) {
      for (const auto& method : file_.methods) {
        for (const auto& point : points) add(experiment, method, point);
      }
    }
    if (!refused_.empty()) refuse();
    note_exclusions();
    if (plan_.jobs.empty()) {
      throw usage_error({.what = "nothing is left to run",
                         .where = fmt::format("sweep {}", plan_.name),
                         .advice = "look at what 'exclude' leaves out"});
    }
  }

 private:
  void add(const std::string& experiment, const std::string& method, const Point& point) {
    std::vector<std::int64_t> seeds;
    for (std::size_t i = 0; i < seeds_.size(); ++i) {
      if (!excluded(experiment, method, file_.seeds[i], point)) seeds.push_back(seeds_[i]);
    }
    if (seeds.empty()) return;
    train::RunRequest wanted{experiment, method, file_.profile, seeds.front(), file_.overrides};
    for (const auto& [key, value] : point)
      wanted.overrides.push_back(config::parse_override(key + "=" + value));
    try {
      const train::Run run = train::resolve(configs_, wanted);
      for (const auto seed : seeds) add(run, seed, point);
      plan_.profile = run.profile;
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::usage) throw;
      if (refused_.empty()) first_refusal_ = error;
      refused_.push_back(point_name(experiment, method, point));
    }
  }

  void add(const train::Run& run, std::int64_t seed, const Point& point) {
    Job job{.run = run, .point = point};
    job.run.request.seed = seed;  // outside the configuration and its hash
    job.folder = plan_.runs / job.run.folder();
    refresh(job);
    plan_.jobs.push_back(std::move(job));
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
    throw usage_error({.what = fmt::format("{} combination{} of the sweep cannot be run ({}): {}",
                                           refused_.size(), refused_.size() > 1 ? "s" : "",
                                           join_few(refused_), first_refusal_->what()),
                       .advice = "or name what has no meaning under 'exclude'"});
  }

  void note_exclusions() {
    for (std::size_t i = 0; i < excluded_.size(); ++i) {
      const Exclusion& one = file_.exclusions[i];
      if (excluded_[i] > 0) {
        plan_.notes.push_back(fmt::format("Excluded by the sweep's file: {} ({} run{}).",
                                          one.text(), excluded_[i], excluded_[i] > 1 ? "s" : ""));
      } else if (plan_.words.empty()) {  // words may take away what would be excluded
        throw usage_error({.what = fmt::format("'exclude' leaves out nothing with {}", one.text()),
                           .where = one.place,
                           .advice = "compare it with the axes, or remove it"});
      }
    }
  }

  const fs::path& configs_;
  const SweepFile& file_;
  Plan& plan_;
  std::vector<std::int64_t> seeds_;
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

void settle(record::Status& status) {
  if (status.state != record::State::running || status.host != record::host_name()) return;
  if (::kill(static_cast<pid_t>(status.pid), 0) == 0 || errno == EPERM) return;
  status.state = record::State::interrupted;
  status.reason = "its process ended without a word";
}

void refresh(Job& job) {
  job.state = record::State::queued;
  job.reason.clear();
  job.sign = 0;
  try {
    auto status = record::read_status(job.folder / "status.json");
    if (!status) return;
    settle(*status);
    job.sign = status->heartbeat_seconds;
    job.state = status->state;
    job.reason = status->reason;
  } catch (const Error& error) {
    job.state = record::State::failed;
    job.reason = error.what();
  }
}

Plan make_plan(const fs::path& configs, const PlanRequest& request) {
  Plan plan;
  plan.name = request.name.empty() ? fs::path(request.sweep).stem().string() : request.name;
  plan.words = request.words;
  SweepFile file = read_sweep_file(train::load_named(configs, "sweeps", request.sweep), plan.name);
  const std::string own_profile = file.profile;
  if (!request.profile.empty()) file.profile = request.profile;
  for (const auto& word : request.words) apply_word(word, file);
  file.axes.check();
  take_fallbacks(configs, request.data, file, plan);
  plan.title = file.title;
  plan.paper_table = file.paper_table;
  plan.columns = file.columns;
  plan.slurm = file.slurm;
  plan.experiments = file.experiments;
  plan.methods = file.methods;
  plan.grid = file.axes.all();
  plan.label = file.profile == own_profile ? plan.name : plan.name + "-" + file.profile;
  plan.runs = request.runs.empty() ? fs::path("results") / plan.label / "runs" : request.runs;
  for (const auto& experiment : plan.experiments) {
    auto absent = absent_files(configs, experiment, request.data);
    if (!absent.empty()) plan.absent[experiment] = std::move(absent);
  }
  Expansion(configs, file, plan).expand();
  return plan;
}

}  // namespace laq::sweep
