#pragma once

#include <cstdint>
#include <vector>

#include "config/section.hpp"

namespace laq::optim {

/// Learning rate by epoch: `learning_rate`, multiplied by `factor` when the number of finished
/// epochs reaches each of `at`, and after every `every` epochs beyond the first `after` (0: never).
struct Schedule {
  double learning_rate = 0;
  double factor = 1;
  std::vector<std::int64_t> at;
  std::int64_t every = 0;
  std::int64_t after = 0;

  /// For the epoch that starts when `finished` epochs are done.
  double rate(std::int64_t finished) const;
};

/// Reads `learning_rate` and `schedule: {factor, at, every, after}` of a `train:` section.
Schedule read_schedule(config::Section& train);

}  // namespace laq::optim
