#pragma once

#include <map>
#include <string>

#include "sweep/plan.hpp"

namespace laq::sweep {

/// Peak resident memory of runs, in MiB: measured on completed runs of the kind (the same data,
/// network and batch), with a tenth for safety; where there is none, an estimate from the sizes of
/// data, weights and activations, meant to be on the large side.
class MemoryEstimate {
 public:
  /// Learns from completed runs of the plan.
  explicit MemoryEstimate(const Plan& plan);

  double mib(const Job& job) const;
  /// Whether a run of the kind was measured.
  bool measured(const Job& job) const;
  /// Remembers the peak of a completed run. A record that cannot be read teaches nothing.
  void learn(const Job& job);

 private:
  std::map<std::string, double> peaks_;  // by kind
  std::map<std::string, int> records_;   // read, by kind
};

/// "8G", "500M", "1.5GiB" or a number of MiB, in MiB. Error (usage): something else, or nothing.
double memory_size(const std::string& text);

}  // namespace laq::sweep
