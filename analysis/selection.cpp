#include "analysis/selection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"

namespace laq::analysis {

Summary summary_of(const std::vector<const RunData*>& runs, bool validation) {
  std::vector<double> values;
  for (const auto* run : runs) {
    if (!run->completed() || (validation && !run->valid)) continue;
    values.push_back(validation ? *run->valid : run->value);
  }
  return summarize(values);
}

const Settings::value_type& best_on_validation(const Settings& settings) {
  return *std::min_element(settings.begin(), settings.end(), [](const auto& a, const auto& b) {
    const Summary left = summary_of(a.second, true), right = summary_of(b.second, true);
    return left.n > 0 && (right.n == 0 || left.mean < right.mean);
  });
}

std::string words_of_point(const Point& point) {
  std::vector<std::string> words;
  for (const auto& [axis, value] : point) words.push_back(axis + "=" + value);
  return join(words, " ");
}

std::string choice_sentence(const sweep::Job& job, const Settings& settings,
                            const Settings::value_type& chosen) {
  const train::MetricFacts& judged = train::facts(metric_of(job.run));
  const std::string who =
      fmt::format("{} on {}", job.run.request.method, job.run.request.experiment);
  const Summary score = summary_of(chosen.second, true);
  if (score.n == 0)
    return fmt::format("{}: none of {} settings is completed.", who, settings.size());
  return fmt::format("{}: {} has the best validation {} ({:.{}f} {}) of {} settings.", who,
                     words_of_point(chosen.first), judged.word, score.mean, judged.decimals,
                     judged.unit, settings.size());
}

}  // namespace laq::analysis
