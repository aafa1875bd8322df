#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analysis/table.hpp"

namespace laq::analysis {

enum class Verdict {
  consistent,
  off,         ///< all runs are there and their mean is too far from the printed figure
  not_judged,  ///< a single run, whose spread is not known
  missing      ///< at least one planned run has no result
};

/// One cell that has a figure in the paper.
struct Finding {
  Verdict verdict = Verdict::missing;
  std::string line;  ///< for a person: which cell, both numbers, why
};

struct CheckResult {
  std::vector<Finding> findings;

  std::size_t count(Verdict verdict) const;
  bool good() const { return count(Verdict::consistent) == findings.size(); }
  /// One line per finding, then a summary.
  std::string text() const;
};

/// Largest |ours − paper| that is consistent with the print. The printed figure is one run of the
/// paper's, rounded: were it of the same distribution as ours, 95 % of such runs would be within
/// t₀.₉₇₅ (n − 1 degrees of freedom) · sd · √(1 + 1/n) of our mean, and half a unit of the last
/// printed digit comes from rounding. None for a single run.
std::optional<double> tolerance(const Summary& ours, const Figure& paper);

/// Compares every cell that has a figure in the paper. Errors (usage): the runs do not follow the
/// paper's protocol; no cell has a figure.
CheckResult check(const Table& table);

}  // namespace laq::analysis
