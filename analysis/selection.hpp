#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analysis/run_data.hpp"

/// The choice of a setting by the validation score, never by the test score.
namespace laq::analysis {

/// Runs of one method on one experiment, by the setting that is to be chosen.
using Settings = std::vector<std::pair<Point, std::vector<const RunData*>>>;

/// Of the completed runs, their metric on the test or the validation part.
Summary summary_of(const std::vector<const RunData*>& runs, bool validation);

/// The setting with the best mean validation score, the first of equals; one of which nothing is
/// completed is not chosen while another is.
const Settings::value_type& best_on_validation(const Settings& settings);

/// "late on mnist: train.learning_rate=0.01 has the best validation error (1.30 %) of 4 settings."
/// `job`: one of the runs.
std::string choice_sentence(const sweep::Job& job, const Settings& settings,
                            const Settings::value_type& chosen);

/// "train.learning_rate=0.01"
std::string words_of_point(const Point& point);

}  // namespace laq::analysis
