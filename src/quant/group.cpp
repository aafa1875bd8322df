#include "quant/group.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace laq::quant {
namespace {

LAQ_VECTORISED
void root_chunk(const float* __restrict v, float* __restrict d, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) d[i] = std::sqrt(v[i]) + kCurvatureFloor;
}

LAQ_VECTORISED
void square_chunk(float* d, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) d[i] *= d[i];
}

}  // namespace

void square(float* curvature, std::size_t n) {
  square_chunk(curvature, n);
}

void curvature_of(std::span<const float> second_moment, float* curvature, bool squared) {
  for_chunks(second_moment.size(), [&](std::size_t begin, std::size_t count) {
    root_chunk(second_moment.data() + begin, curvature + begin, count);
    if (squared) square(curvature + begin, count);
  });
}

void require_usable(const Group& group) {
  for (std::size_t i = 0; i < group.latent.size(); ++i) {
    if (!std::isfinite(group.latent[i])) {
      throw Error({.what = fmt::format("weight {} is not finite", i),
                   .found = fmt::format("{}", group.latent[i]),
                   .expected = "finite numbers"},
                  Error::Kind::not_finite);
    }
  }
  for (std::size_t i = 0; i < group.curvature.size(); ++i) {
    if (!std::isfinite(group.curvature[i]) || group.curvature[i] <= 0) {
      throw Error({.what = fmt::format("curvature {} is not a positive finite number", i),
                   .found = fmt::format("{}", group.curvature[i]),
                   .expected = "d > 0"},
                  Error::Kind::not_finite);
    }
  }
}

}  // namespace laq::quant
