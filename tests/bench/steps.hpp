#pragma once

#include <filesystem>
#include <vector>

#include "bench/measure.hpp"

namespace laq::bench {

struct StepResults {
  std::vector<Timing>
      timings;  ///< ours by method, "eager full", "products" (the matrix products alone)
  std::vector<Timing> sorting;  ///< "late" against "eager sorting LATe"
};

/// Times training steps of the paper's MNIST network (784-2048-2048-2048-10, batch 100), all in
/// alternation, after verifying that ours and the eager versions compute the same. Error: they do
/// not.
StepResults measure_steps(const std::filesystem::path& configs, int rounds);

/// Of the paper's CIFAR-10 network (K = 128, batch 50), likewise: "full", "late", "eager full",
/// "products" (the convolutions and matrix products alone).
std::vector<Timing> measure_convolutional_steps(const std::filesystem::path& configs, int rounds);

/// Operations (multiplications and additions) of the products of one such step.
double convolutional_operations(const std::filesystem::path& configs);

}  // namespace laq::bench
