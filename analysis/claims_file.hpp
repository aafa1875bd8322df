#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paper.hpp"

namespace laq::analysis {

/// A limit of a comparison as it is written: a number, or a multiple of the margin.
struct Limit {
  double number = 0;
  double margins = 0;
};

/// One comparison of configs/claims.yaml, for one left and one right side.
struct ComparisonRule {
  std::string left, right;  ///< methods; `right` is "" when `left` alone is measured
  std::string measure;      ///< "rounds", or "" for the experiment's metric
  std::string axis;         ///< of the slope; "" for the plain difference
  std::optional<Limit> low, high;
  std::vector<std::string> experiments, except;  ///< empty: no restriction
  bool divergence_fails = false;  ///< a run that diverged counts as a network that guesses

  bool made_on(const std::string& experiment) const;
};

struct ClaimRule {
  std::string name, text;
  bool any = false;
  std::vector<ComparisonRule> comparisons;
};

/// The content of a file of claims, such as configs/claims.yaml.
struct ClaimsFile {
  double level = 0.95;
  double error_margin = 0, loss_margin = 0;  ///< shares of the right side's mean
  std::vector<ClaimRule> claims;

  double margin(Metric metric) const;
};

/// Errors (usage): the file is missing, a key is unknown, missing or wrong, a method or experiment
/// has no file, a comparison has no limit or more than one.
ClaimsFile load_claims(const std::filesystem::path& configs, const std::filesystem::path& file);

}  // namespace laq::analysis
