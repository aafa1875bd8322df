#include "analysis/step_time.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>

#include "core/median.hpp"

namespace laq::analysis {
namespace {

constexpr double kSteady = 1.25;

// Milliseconds, one median for each epoch. All epochs but the last have equally many steps.
std::vector<double> epoch_medians(const std::vector<double>& seconds, std::size_t epochs) {
  const std::size_t length = (seconds.size() + epochs - 1) / epochs;
  std::vector<double> medians;
  for (std::size_t at = 0; at < seconds.size(); at += length) {
    const auto begin = seconds.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(std::min(length, seconds.size() - at));
    medians.push_back(1000 * *median({begin, begin + count}));
  }
  return medians;
}

}  // namespace

std::optional<StepTime> step_time(const record::History& history) {
  const auto* seconds = history.steps.find("seconds");
  if (!seconds || seconds->empty() || history.epochs.rows() == 0) {
    const auto given = history.final_number("step_ms");
    if (!given || !std::isfinite(*given)) return std::nullopt;
    return StepTime{*given, true};
  }
  const auto medians = epoch_medians(*seconds, history.epochs.rows());
  const auto [low, high] = std::minmax_element(medians.begin(), medians.end());
  return StepTime{*low, *high <= kSteady * *low};
}

std::optional<Spell> spell_of(const record::RunRecord& record) {
  std::tm parts{};
  const char* rest = ::strptime(record.provenance.file_time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  const auto spent = record.history.final_number("seconds");
  if (!rest || *rest != '\0' || !spent) return std::nullopt;
  const auto end = static_cast<double>(::timegm(&parts));
  return Spell{end - *spent, end};
}

}  // namespace laq::analysis
