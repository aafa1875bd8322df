#include "store/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>
#include <system_error>

#include "core/error.hpp"
#include "record/run_identity.hpp"
#include "train/metric.hpp"
#include "train/rerun.hpp"

namespace laq::store {
namespace fs = std::filesystem;
namespace {

Stored read(const fs::path& folder) {
  Stored run;
  run.folder = folder;
  try {
    run.status = record::read_status(folder / "status.json");
    if (run.status) {
      sweep::settle(*run.status);
      run.state = run.status->state;
      run.reason = run.status->reason;
    }
  } catch (const Error& error) {
    run.state = record::State::failed;
    run.reason = error.what();
  }
  const fs::path file = folder / "run.h5";
  const record::RunIdentity named = record::identity_by_name(folder);
  std::error_code ignored;
  std::shared_ptr<const record::RunRecord> whole;
  try {
    if (fs::exists(file, ignored)) {
      whole = std::make_shared<record::RunRecord>(record::read_run_record(file));
      record::require_run(file, record::identity_of(whole->provenance), named);
      run.record = whole;
      return run;
    }
    record::require_run_in(folder, named);  // the checkpoint
    if (run.state == record::State::completed)
      run.reason = "its record " + file.string() + " is missing";
  } catch (const std::exception& error) {
    run.misplaced = whole || !fs::exists(file, ignored);
    if (run.misplaced) run.state = record::State::failed;
    run.reason = reason_of(error);
  }
  return run;
}

void add_leaves(const nlohmann::json& from, const std::string& path,
                std::map<std::string, std::string>& to) {
  if (!from.is_object()) {
    to[path] = from.is_string()
                   ? from.get<std::string>()
                   : from.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  for (const auto& [key, value] : from.items())
    add_leaves(value, path.empty() ? key : path + "." + key, to);
}

}  // namespace

std::string Stored::state_words() const {
  const bool lost = state == record::State::completed && !record;
  return lost ? "unreadable" : record::state_name(state);
}

const Stored& Store::at(const fs::path& folder) {
  const auto known = runs_.find(folder);
  return known != runs_.end() ? known->second : runs_.emplace(folder, read(folder)).first->second;
}

Stored Store::of(const sweep::Job& job) {
  Stored run = at(job.folder);
  if (!run.record) return run;
  try {
    record::require_run(job.folder / "run.h5", record::identity_of(run.record->provenance),
                        job.run.identity());
  } catch (const Error& error) {
    run.misplaced = true;
    run.state = record::State::failed;
    run.reason = error.what();
    run.record = nullptr;
    return run;
  }
  if (run.state != record::State::completed) return run;
  const std::string metric = train::facts(train::metric_of(job.run)).test;
  const auto value = run.record->history.final_number(metric);
  if (value && std::isfinite(*value)) return run;
  run.reason = fmt::format("the record has no {}{}", value ? "finite " : "", metric);
  run.record = nullptr;
  return run;
}

void Store::look(sweep::Job& job) {
  const Stored run = of(job);
  job.state = run.state;
  job.reason = run.reason;
  job.sign = run.status ? run.status->heartbeat_seconds : 0;
  job.method_source = run.status ? run.status->method_source : "";
}

fs::path real_path(const fs::path& path) {
  std::error_code failed;
  const fs::path found = fs::weakly_canonical(path, failed);
  return failed ? path : found;
}

Found walk(const fs::path& top) {
  Found found;
  const auto close = [&](const fs::path& path, const std::error_code& why) {
    found.closed.emplace_back(path, "cannot look into it: " + why.message());
  };
  // Links are followed last, so that what they lead to has its own name where that is here too.
  std::deque<fs::path> pending = {top};
  std::set<fs::path> seen;
  while (!pending.empty()) {
    const fs::path folder = pending.front();
    pending.pop_front();
    if (!seen.insert(real_path(folder)).second) continue;
    std::error_code failed;
    bool is_run = false;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
      const fs::path& path = entry->path();
      std::error_code unknown;
      const std::string name = path.filename().string();
      is_run = is_run || name == "status.json" || name == "run.h5";
      if (name == "plan.json" && folder.filename().string().starts_with("sweep-"))
        found.plans.push_back(path);
      if (!entry->is_directory(unknown)) {
        if (unknown && unknown != std::errc::no_such_file_or_directory) close(path, unknown);
      } else if (name != train::kAside) {
        pending.insert(entry->is_symlink(unknown) ? pending.end() : pending.begin(), path);
      }
    }
    if (failed) close(folder, failed);
    if (is_run) found.runs.push_back(folder);
  }
  std::ranges::sort(found.runs);
  std::ranges::sort(found.plans);
  return found;
}

std::map<std::string, std::string> leaves(const nlohmann::json& configuration) {
  std::map<std::string, std::string> all;
  add_leaves(configuration, "", all);
  return all;
}

}  // namespace laq::store
