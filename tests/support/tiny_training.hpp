#pragma once

#include <map>
#include <string>
#include <vector>

#include "train/experiment.hpp"
#include "train/image_task.hpp"
#include "train/text_task.hpp"
#include "train/training.hpp"

namespace laq::test {

struct TinyOptions {
  std::int64_t rows = 60;  ///< of the training part; validation and test have 40 each
  bool blank = false;      ///< all pixels 0
  data::Augmentation augmentation = {};
};

/// Pictures of 1 × 4 × 4 in four classes that are easy to tell apart.
train::ImageTask tiny_images(const TinyOptions& options = {});

/// The project's MNIST experiment made small: 16 hidden units, batch 10, 3 epochs, rate 0.01.
train::Run tiny_run(const std::string& method, std::int64_t seed = 1,
                    const std::vector<std::string>& words = {});

/// A text in which a character depends on the two before it: 12 segments of 8 for training in
/// batches of 4, 4 each for validation and test.
train::TextTask tiny_text();

/// The project's War and Peace experiment made small: 12 units, batch 4, 8 time steps, 3 epochs.
train::Run tiny_text_run(const std::string& method, std::int64_t seed = 1,
                         const std::vector<std::string>& words = {});

/// Steps until the training is done or `most` steps have been made here.
void go_on(train::Training& training, std::int64_t most = 1 << 30, std::int64_t at_a_time = 1);

/// The bytes of everything a checkpoint holds, but the seconds, which no two runs share.
std::map<std::string, std::string> bytes_of(const train::Training& training);

}  // namespace laq::test
