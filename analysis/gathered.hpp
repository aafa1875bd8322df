#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/compare.hpp"

namespace laq::analysis {

/// What a comparison rests on.
struct Gathered {
  std::vector<Observation> observations;  ///< the common seeds, in order
  std::vector<double> right;              ///< what their right sides measured: for the margin
  double seen = 0;                        ///< the smallest spread of an observation that shows
  std::vector<std::string> lacking;       ///< in words
  bool waiting = false;                   ///< a planned run is not done yet
  std::set<std::filesystem::path> left_diverged, right_diverged;
  std::optional<Interval>
      capped;  ///< of a measure of rounds: `RunData::capped`, mean over the runs
};

/// The runs' differences, slopes or measures, as the rule asks.
Gathered gather_observations(const ComparisonRule& rule, const Studied& where, const Court& court);

}  // namespace laq::analysis
