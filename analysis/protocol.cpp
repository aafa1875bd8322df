#include "analysis/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/unicode.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"

namespace laq::analysis {

std::string Protocol::heading(const std::string& title) const {
  return title + ": " + profile_title + (of_the_paper() ? "" : ", NOT the paper's protocol");
}

std::string Protocol::sentence(const std::vector<std::string>& sweeps) const {
  return fmt::format("Sweep{} {}; {}.", sweeps.size() > 1 ? "s" : "", join(sweeps),
                     of_the_paper() ? "the paper's protocol"
                                    : fmt::format("this is not the paper's protocol ({})",
                                                  join(departures, "; ")));
}

Protocol protocol_of(const sweep::Plan& plan) {
  Protocol protocol{plan.profile.name, plan.profile.title, {}, {}};
  if (!plan.profile.paper_protocol) {
    protocol.departures.push_back(plan.profile.note.empty() ? plan.profile.title
                                                            : plan.profile.note);
  }
  if (plan.jobs.empty()) return protocol;
  const bool printed = std::ranges::all_of(plan.jobs, [](const sweep::Job& job) {
    return job.run.dataset.paper_column &&
           job.run.canonical.at("model").value("kind", "") != "layers";
  });
  if (protocol.of_the_paper() && !printed)
    protocol.departures.emplace_back("data or networks that are not the paper's");
  for (const auto& word : words_of(plan.jobs.front()))
    protocol.overrides.push_back(one_line(word.text));
  if (!has(plan.jobs, true, &sweep::Job::changed_by_words)) return protocol;
  protocol.departures.push_back(protocol.overrides.empty()
                                    ? "not what today's files say"
                                    : "changed: " + join(protocol.overrides));
  return protocol;
}

}  // namespace laq::analysis
