#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analysis/run_data.hpp"

/// The choice of a setting by the validation score, never by the test score.
namespace laq::analysis {

/// Runs of one method on one experiment, by the setting that is to be chosen.
using Settings = std::vector<std::pair<Point, std::vector<const RunData*>>>;

/// The settings of each method on each experiment, with its first series, in the series' order.
std::vector<std::pair<const Series*, Settings>> settings_of(const std::vector<Series>& series);

/// Of the completed runs, their metric on the test or the validation part.
Summary summary_of(const std::vector<const RunData*>& runs, bool validation);

/// The setting with the best mean validation score, the first of equals; one of which nothing is
/// completed is not chosen while another is. Settings are compared by the seeds that all of them
/// have completed, so one that was tuned by a single seed is judged by that alone; by all seeds
/// where they have none in common.
const Settings::value_type& best_on_validation(const Settings& settings);

/// Of each method on each experiment the series at that setting.
std::vector<const Series*> chosen_series(const std::vector<Series>& series);
/// Of them full precision's on an experiment; null: nothing of it is completed.
const Series* full_precision(const SweepData& data, const std::string& experiment);

/// Of how many settings a run has come to its end, completed or diverged.
std::size_t tried(const Settings& settings);

/// "late on mnist: train.learning_rate=0.01 has the best validation error (1.30 %) of 4 settings."
/// `job`: one of the runs.
std::string choice_sentence(const sweep::Job& job, const Settings& settings,
                            const Settings::value_type& chosen);

/// "train.learning_rate=0.01"
std::string words_of_point(const Point& point);

/// A method's settings are its points on the sweep's extra axes. Error (usage): the sweep has none.
void require_settings(const sweep::Plan& plan);

/// What of a plan is to be run next where settings are tuned by one seed.
struct Tuning {
  /// False: the first seed of every setting, but for those that diverged. True: all seeds of the
  /// chosen ones.
  bool chosen = false;
  std::vector<std::size_t> jobs;       ///< indices into the plan's
  std::vector<std::string> sentences;  ///< the choices
};
/// A method none of whose settings is completed has no runs in the second part. Errors: a finished
/// run whose record is of no use; those of `require_settings`.
Tuning tune(const sweep::Plan& plan);
/// The jobs of the first seed of every setting.
std::vector<std::size_t> first_seeds(const sweep::Plan& plan);

}  // namespace laq::analysis
