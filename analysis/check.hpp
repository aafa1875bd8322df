#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/table.hpp"

namespace laq::analysis {

enum class Verdict {
  consistent,
  off,         ///< all runs are there and their mean is too far from the other figure
  not_judged,  ///< a single run, whose spread is not known, or runs of another configuration
  unfinished,  ///< some planned runs have no result
  missing      ///< none has
};

/// One cell that has a figure to be compared with.
struct Finding {
  Verdict verdict = Verdict::missing;
  std::string cell;             ///< "LATe, MNIST"
  std::string line;             ///< for a person: which cell, both numbers, why
  std::optional<double> limit;  ///< the largest difference that is consistent
};

/// A table against the printed figures, or against a reference: a table that was kept.
struct Check {
  std::string other;  ///< "the print", "the reference configs/reference/quick.json"
  std::string unit;
  bool of_reference = false;
  std::vector<Finding> findings;

  std::size_t count(Verdict verdict) const;
  /// Every cell is consistent; those that a reference has no run of do not count.
  bool good() const;
  /// One line: how many cells agree within what, and which do not.
  std::string verdict() const;
  /// One line per finding, then the verdict.
  std::string text() const;
};

/// Largest |ours − paper| that is consistent with the print. The printed figure is one run of the
/// paper's, rounded: were it of the same distribution as ours, 95 % of such runs would be within
/// t₀.₉₇₅ (n − 1 degrees of freedom) · sd · √(1 + 1/n) of our mean, and half a unit of the last
/// printed digit comes from rounding. None for a single run.
std::optional<double> tolerance(const Summary& ours, const Figure& paper);

/// Largest difference of two means of n and m runs that is consistent with one distribution, one of
/// `cells` comparisons being allowed to be off in 20 such tables: z · s · √(1/n + 1/m), z the
/// normal quantile at 1 − 0.05/(2 cells). s is the larger of the spreads that are known and of the
/// one that drawing the test part's pictures anew would give, √(p (100 − p)/N); of a loss 1 % of
/// it.
double reference_tolerance(const Summary& ours, const Summary& reference, const Column& column,
                           std::size_t cells);

/// <configs>/reference/<sweep>.json; "" when there is none.
std::filesystem::path reference_of(const std::filesystem::path& configs, const Table& table);

/// Compares every cell with the print, where the runs follow the paper's protocol, or else with the
/// reference, runs of the same configuration with each other. Nothing: neither can be.
/// Error: the reference is not a table.
std::optional<Check> check(const Table& table, const std::filesystem::path& reference = {});
/// The same with a reference, whatever the protocol.
std::optional<Check> check_against(const Table& table, const std::filesystem::path& reference);

/// Error (usage): why `check` has nothing to compare.
[[noreturn]] void refuse_check(const Table& table);

}  // namespace laq::analysis
