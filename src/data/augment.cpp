#include "data/augment.hpp"

#include <algorithm>
#include <vector>

namespace laq::data {
namespace {

struct Draw {
  std::int64_t down = 0, right = 0;  // of the cut, from −crop to crop
  bool mirrored = false;
};

void change(float* picture, float* copy, std::int64_t channels, std::int64_t height,
            std::int64_t width, const Draw& draw) {
  std::copy_n(picture, channels * height * width, copy);
  for (std::int64_t line = 0; line < channels * height; ++line) {
    const std::int64_t y = line % height + draw.down;
    const float* from = copy + (line - line % height + y) * width;
    const bool inside = y >= 0 && y < height;
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t at = (draw.mirrored ? width - 1 - x : x) + draw.right;
      picture[line * width + x] = inside && at >= 0 && at < width ? from[at] : 0.0f;
    }
  }
}

}  // namespace

void augment(float* pictures, std::int64_t count, std::int64_t channels, std::int64_t height,
             std::int64_t width, const Augmentation& how, RandomStream stream) {
  if (!how.on()) return;
  const auto shift = [&] {
    return static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(2 * how.crop + 1))) -
           how.crop;
  };
  std::vector<Draw> draws(static_cast<std::size_t>(count));
  for (Draw& draw : draws) {
    draw.down = shift();
    draw.right = shift();
    draw.mirrored = stream.below(2) == 1 && how.flip;
  }
  const std::int64_t features = channels * height * width;
#pragma omp parallel
  {
    std::vector<float> copy(static_cast<std::size_t>(features));
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) {
      change(pictures + i * features, copy.data(), channels, height, width,
             draws[static_cast<std::size_t>(i)]);
    }
  }
}

}  // namespace laq::data
