#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analysis/claims.hpp"

namespace laq::analysis {

/// How many seeds a comparison would need to be decided, if the true difference were 0.
struct SeedsNeeded {
  Judgement verdict = Judgement::undecided;  ///< the right one then; undecided: none is
  double level = 0;     ///< of the interval that decides: corrected where one decides alone
  double chance = 0;    ///< of the verdict: 1 − β, or 1 − β/k where all comparisons must hold
  std::string refusal;  ///< why there is no number; "" when there is
  std::optional<Interval> spread;  ///< 90 % interval of the standard deviation (χ²)
  /// At the spread that was seen and at the ends of its interval; none: more than a million.
  std::optional<std::size_t> seeds, least, most;
};

/// For a chance of 80 % of the claim's verdict, by the noncentral t distribution, two one-sided
/// tests for what is claimed from both sides; `level` is the report's.
SeedsNeeded seeds_needed(const Claim& claim, const Comparison& comparison, double level);

/// "26 [17 to 48]"; "at least 17 (26 at the spread seen)" of three seeds; the refusal.
std::string seeds_text(const Comparison& comparison, const SeedsNeeded& needed);

/// What all comparisons need. Ends with a line feed. Error (usage): no comparison has the 3 seeds
/// that a spread takes.
std::string render_power(const std::vector<ClaimReport>& reports, const std::string& format);

}  // namespace laq::analysis
