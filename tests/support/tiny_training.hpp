#pragma once

#include <vector>

#include "data/image_set.hpp"
#include "train/experiment.hpp"

namespace laq::test {

struct TinyOptions {
  std::int64_t rows = 60;  ///< of the training part; validation and test have 40 each
  bool blank = false;      ///< all pixels 0
};

/// Pictures of 1 × 4 × 4 in four classes that are easy to tell apart.
data::ImageData tiny_images(const TinyOptions& options = {});

/// The project's MNIST experiment made small: 16 hidden units, batch 10, 3 epochs, rate 0.01.
train::Run tiny_run(const std::string& method, std::int64_t seed = 1,
                    const std::vector<std::string>& words = {});

}  // namespace laq::test
