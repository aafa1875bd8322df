#include "analysis/protocol.hpp"

#include <algorithm>

#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

using Overrides = std::vector<config::Override>;

// Seeds of one method at one point, which follow each other in a plan.
bool same_cell(const sweep::Job& a, const sweep::Job& b) {
  return a.run.request.experiment == b.run.request.experiment &&
         a.run.request.method == b.run.request.method && a.point == b.point;
}

}  // namespace

Overrides words_of(const sweep::Job& job) {
  const Overrides& all = job.run.request.overrides;
  const auto points = static_cast<std::ptrdiff_t>(std::min(job.point.size(), all.size()));
  return {all.begin(), all.end() - points};
}

Overrides point_of(const sweep::Job& job) {
  const auto words = static_cast<std::ptrdiff_t>(words_of(job).size());
  return {job.run.request.overrides.begin() + words, job.run.request.overrides.end()};
}

bool same_with(const fs::path& configs, const sweep::Job& job, const Overrides& overrides) {
  if (overrides.size() == job.run.request.overrides.size()) return true;
  train::RunRequest request = job.run.request;
  request.overrides = overrides;
  try {
    return train::resolve(configs, request).hash == job.run.hash;
  } catch (const Error&) {  // without the words the combination has no meaning
    return false;
  }
}

Protocol protocol_of(const sweep::Plan& plan, const fs::path& configs) {
  Protocol protocol{plan.profile.name, plan.profile.title, {}, {}};
  if (!plan.profile.paper_protocol) {
    protocol.departures.push_back(plan.profile.note.empty() ? plan.profile.title
                                                            : plan.profile.note);
  }
  if (plan.jobs.empty()) return protocol;
  for (const auto& word : words_of(plan.jobs.front()))
    protocol.overrides.push_back(one_line(word.text));
  const sweep::Job* previous = nullptr;
  const bool changed = std::any_of(plan.jobs.begin(), plan.jobs.end(), [&](const auto& job) {
    const bool looked_at = previous && same_cell(*previous, job);
    previous = &job;
    return !looked_at && !same_with(configs, job, point_of(job));
  });
  if (changed) protocol.departures.push_back("changed: " + join(protocol.overrides));
  return protocol;
}

}  // namespace laq::analysis
