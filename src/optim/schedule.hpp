#pragma once

#include <cstdint>
#include <vector>

#include "config/reader.hpp"

namespace laq::optim {

/// Learning rate by epoch: `learning_rate`, multiplied by `factor` when the number of finished
/// epochs reaches each of `at` (times `epochs` / `of`), and after every `every` epochs beyond the
/// first `after` (0: never).
struct Schedule {
  double learning_rate = 0;
  double factor = 1;
  std::vector<std::int64_t> at;
  std::int64_t epochs = 1, of = 1;
  std::int64_t every = 0;
  std::int64_t after = 0;
  std::int64_t cosine_epochs = 0;  ///< not 0: instead, half a cosine over so many epochs, to 0

  /// For the epoch that starts when `finished` epochs are done.
  double rate(std::int64_t finished) const;
};

/// Reads `learning_rate` and `schedule: {shape, factor, at, of, every, after}` of a `train:`
/// section. `shape: cosine` is rate · (1 + cos(π e / epochs)) / 2 in the epoch that starts when e
/// are done (Loshchilov & Hutter, 2017, without restarts), and has none of the other keys. `of`:
/// the number of epochs that `at` was made for; a run of another length has its drops at the same
/// fractions of it. Without `of`, or with `epochs` 0, they are where they are.
Schedule read_schedule(config::Reader& train, std::int64_t epochs = 0);

}  // namespace laq::optim
