#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analysis/table.hpp"

namespace laq::analysis {

enum class Verdict {
  reproduced,
  off,     ///< all runs are there and their mean is too far from the printed figure
  missing  ///< at least one planned run has no result
};

/// One cell that has a figure in the paper.
struct Finding {
  Verdict verdict = Verdict::missing;
  std::string line;  ///< for a person: which cell, both numbers, why
};

struct CheckResult {
  std::vector<Finding> findings;

  std::size_t count(Verdict verdict) const;
  bool good() const { return count(Verdict::reproduced) == findings.size(); }
  /// One line per finding, then a summary.
  std::string text() const;
};

/// Largest |ours − paper| that counts as reproduced: two standard errors of our mean and one unit
/// of the last printed digit. A single run has no known spread; its standard error counts as 0.
double tolerance(const Summary& ours, const Figure& paper);

/// Compares every cell that has a figure in the paper. Errors (usage): the runs do not follow the
/// paper's protocol; no cell has a figure.
CheckResult check(const Table& table);

}  // namespace laq::analysis
