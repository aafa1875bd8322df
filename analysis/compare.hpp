#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/claims.hpp"
#include "analysis/claims_file.hpp"
#include "analysis/evidence.hpp"

namespace laq::analysis {

/// What comparisons are made with.
struct Court {
  const ClaimsFile& file;
  const Evidence& evidence;
  const std::map<std::string, std::string>& titles;  ///< of methods
};

/// What a comparison rests on.
struct Gathered {
  std::vector<Observation> observations;  ///< the common seeds, in order
  std::vector<double> right;              ///< what their right sides measured: for the margin
  double seen = 0;                        ///< the smallest spread of an observation that shows
  std::vector<std::string> lacking;       ///< in words
  bool waiting = false;                   ///< a planned run is not done yet
  bool comparable = true;                 ///< network, data and training are the same on both sides
  std::set<std::filesystem::path> left_diverged, right_diverged;
  /// Of a measure of rounds: `RunData::capped`, mean over the runs.
  std::optional<Interval> capped;
};

/// The runs' differences, slopes or measures, as the rule asks.
Gathered gather_observations(const ComparisonRule& rule, const Studied& where, const Court& court);

/// Makes one comparison and judges it at the file's level.
Comparison compare(const ComparisonRule& rule, const Studied& where, const Court& court);

/// The judgement of several: all must hold, or any. What one comparison brings about alone is
/// judged at 1 − (1 − level)/k (Bonferroni) for the k comparisons that are planned for the claim,
/// whether run or not, over all data sets; what needs every comparison needs no correction
/// (intersection–union test).
Ruling judge(const std::vector<const Comparison*>& comparisons, bool any, double level,
             std::size_t k);

/// 1 − (1 − level)/k.
double corrected_level(double level, std::size_t k);

}  // namespace laq::analysis
