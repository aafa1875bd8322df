#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "sweep/axes.hpp"

namespace laq::sweep {

/// A sweep's YAML file, with the words of the command line laid on it.
struct SweepFile {
  std::string title, paper_table, profile;
  Values experiments, methods, seeds;
  Axes axes;
  std::vector<Exclusion> exclusions;
  std::vector<config::Override> overrides;  ///< for all runs
  Pairs fallbacks;                          ///< experiment, experiment to run instead
  Pairs columns;                            ///< experiment or axis=value, column
  Pairs slurm;                              ///< options of sbatch
};

/// Reads the keys that `make_plan` describes. `name` is the title where there is none. Errors
/// (usage): unknown or wrong keys, a column or an exclusion of what the sweep does not have.
SweepFile read_sweep_file(const config::Tree& tree, const std::string& name);

/// Lays one word of the command line on it: replaces an axis, adds one, or sets a key for all runs.
void apply_word(const std::string& word, SweepFile& file);

}  // namespace laq::sweep
