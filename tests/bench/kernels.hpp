#pragma once

#include <vector>

#include "bench/measure.hpp"

namespace laq::bench {

/// Kernel times by Google Benchmark, repetitions of all kernels interleaved at random. Outputs of
/// ours and of the eager versions are verified equal first. Error: they are not.
std::vector<Timing> measure_kernels();

/// Time of the exact and the alternating ternary solver for n = 10⁴ … 10⁸ weights: name "exact
/// 10000" and so on.
std::vector<Timing> measure_growth();

}  // namespace laq::bench
