#pragma once

#include <map>
#include <string>

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

/// Whether the sweeps plan both sides on the experiment.
bool planned(const ComparisonRule& rule, const Studied& where, const Evidence& evidence);

/// Makes one comparison and judges it at the file's level.
Comparison compare(const ComparisonRule& rule, const Studied& where, const Court& court);

/// The judgement of a comparison at another level.
Judgement judge(const Comparison& comparison, double level);

/// The judgement of several: all must hold, or any. Judgements that one comparison among k brings
/// about alone are made at 1 − (1 − level)/k (Bonferroni); those that need every comparison need no
/// correction (intersection–union test).
Judgement judge(const std::vector<const Comparison*>& comparisons, bool any, double level);

}  // namespace laq::analysis
