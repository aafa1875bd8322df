#include "analysis/protocol.hpp"

#include <algorithm>

#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {

Protocol protocol_of(const sweep::Plan& plan) {
  Protocol protocol{plan.profile.name, plan.profile.title, {}, {}};
  if (!plan.profile.paper_protocol) {
    protocol.departures.push_back(plan.profile.note.empty() ? plan.profile.title
                                                            : plan.profile.note);
  }
  if (plan.jobs.empty()) return protocol;
  for (const auto& word : words_of(plan.jobs.front()))
    protocol.overrides.push_back(one_line(word.text));
  const bool changed = std::any_of(plan.jobs.begin(), plan.jobs.end(),
                                   [](const auto& job) { return job.changed_by_words; });
  if (!changed) return protocol;
  protocol.departures.push_back(protocol.overrides.empty()
                                    ? "not what today's files say"
                                    : "changed: " + join(protocol.overrides));
  return protocol;
}

}  // namespace laq::analysis
