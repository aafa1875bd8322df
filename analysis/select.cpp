#include "analysis/select.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "sweep/plan.hpp"
#include "train/metric.hpp"

namespace laq::analysis {
namespace {

bool is_kept(const std::vector<std::string>& kept, const std::string& axis) {
  return std::find(kept.begin(), kept.end(), axis) != kept.end();
}

Point kept_part(const Cell& cell, const std::vector<std::string>& kept) {
  Point part = cell.point;
  std::erase_if(part, [&](const auto& one) { return !is_kept(kept, one.first); });
  return part;
}

std::string chosen_part(const Cell& cell, const std::vector<std::string>& kept) {
  std::vector<std::string> words;
  for (const auto& [axis, value] : cell.point) {
    if (!is_kept(kept, axis)) words.push_back(axis + "=" + value);
  }
  return join(words, " ");
}

// Mean over the seeds; nothing when none is completed.
std::optional<double> validation_score(const Cell& cell) {
  std::vector<double> scores;
  for (const auto& result : cell.results) {
    if (result.valid) scores.push_back(*result.valid);
  }
  return scores.empty() ? std::nullopt : std::optional(summarize(scores).mean);
}

std::string sentence(const sweep::Plan& plan, const Cell& cell, const std::string& chosen,
                     std::size_t settings) {
  const train::Run& run = plan.jobs[cell.first_job].run;
  const train::MetricFacts& judged = train::facts(train::metric_of(run));
  const std::string who = fmt::format("{} on {}", cell.method, cell.experiment);
  const auto score = validation_score(cell);
  if (!score) return fmt::format("{}: none of {} settings is completed.", who, settings);
  return fmt::format("{}: {} has the best validation {} ({:.{}f} {}) of {} settings.", who, chosen,
                     judged.word, *score, judged.decimals, judged.unit, settings);
}

}  // namespace

std::vector<std::string> select_by_validation(const sweep::Plan& plan,
                                              const std::vector<std::string>& kept,
                                              std::vector<Cell>& cells) {
  std::vector<std::string> sentences;
  std::vector<Cell> chosen;
  while (!cells.empty()) {
    const Cell first = cells.front();
    const auto rest = std::stable_partition(cells.begin(), cells.end(), [&](const Cell& cell) {
      return cell.method == first.method && cell.experiment == first.experiment &&
             kept_part(cell, kept) == kept_part(first, kept);
    });
    const auto best = std::min_element(cells.begin(), rest, [](const Cell& a, const Cell& b) {
      const auto left = validation_score(a), right = validation_score(b);
      return left && (!right || *left < *right);
    });
    const auto settings = static_cast<std::size_t>(rest - cells.begin());
    if (settings > 1)
      sentences.push_back(sentence(plan, *best, chosen_part(*best, kept), settings));
    best->point = kept_part(*best, kept);
    chosen.push_back(std::move(*best));
    cells.erase(cells.begin(), rest);
  }
  cells = std::move(chosen);
  return sentences;
}

}  // namespace laq::analysis
