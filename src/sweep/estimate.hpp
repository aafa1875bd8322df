#pragma once

#include <optional>
#include <string>

#include "sweep/plan.hpp"

namespace laq::sweep {

/// How long the jobs of a plan that are not completed will take, in seconds of one machine running
/// `side_by_side` at a time. From completed runs of the same experiment in the same folder where
/// there are any; otherwise from the number of weights and steps and a matrix product timed here
/// and now (good to a factor of two).
class Estimate {
 public:
  Estimate(const Plan& plan, int side_by_side);

  /// Seconds for the jobs that are neither completed nor started.
  double seconds_left() const;
  /// A completed run's measured time replaces what was assumed for its experiment.
  void learn(const Job& job);
  /// For one job.
  double seconds(const Job& job) const;
  /// Where the figures come from: "from 3 runs measured here", "a guess from sizes and one
  /// product".
  std::string source() const;

 private:
  double cost(const Job& job) const;

  const Plan& plan_;
  int side_by_side_;
  struct Known {
    double seconds = 0, cost = 0;
    std::size_t runs = 0;
  };
  std::vector<std::pair<std::string, Known>> known_;  // by experiment
  double seconds_per_operation_;
};

}  // namespace laq::sweep
