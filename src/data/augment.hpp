#pragma once

#include <cstdint>

#include "core/random.hpp"

namespace laq::data {

/// What is done to each picture of a training batch, with draws of its own (He et al., 2016, use
/// both for CIFAR). Off by default.
struct Augmentation {
  std::int64_t crop = 0;  ///< cut out at a random place of the picture with so many zeros around it
  bool flip = false;      ///< mirrored from left to right, every second time

  bool on() const { return crop > 0 || flip; }
};

/// In place, `pictures` being count × channels × height × width values. Each picture takes three
/// numbers from the stream, in the order of the pictures.
void augment(float* pictures, std::int64_t count, std::int64_t channels, std::int64_t height,
             std::int64_t width, const Augmentation& how, RandomStream stream);

}  // namespace laq::data
