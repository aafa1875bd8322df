#pragma once

#include <filesystem>
#include <vector>

#include "bench/measure.hpp"

namespace laq::bench {

/// Times training steps of the paper's character model (War and Peace: 512 units, batch 100, 100
/// time steps, 87 characters): ours "lstm full", "lstm late" and "lstm lata", and "lstm eager full"
/// with `at::lstm` and optim::Adam, in alternation, after verifying that ours and the eager version
/// compute the same. Error: they do not.
std::vector<Timing> measure_lstm_steps(const std::filesystem::path& configs, int rounds);

}  // namespace laq::bench
