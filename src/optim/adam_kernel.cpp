#include "optim/adam_kernel.hpp"

#include <cmath>

#include "core/parallel.hpp"

namespace laq::optim {
namespace {

constexpr float kCurvatureFloor = 1e-8f;

LAQ_VECTORISED
void update_chunk(float* __restrict w, float* __restrict m, float* __restrict v,
                  const float* __restrict g, float* __restrict curvature, std::size_t n,
                  AdamStep s) {
  const float keep1 = 1 - s.beta1, keep2 = 1 - s.beta2;
  for (std::size_t i = 0; i < n; ++i) {
    m[i] = s.beta1 * m[i] + keep1 * g[i];
    v[i] = s.beta2 * v[i] + keep2 * g[i] * g[i];
    const float root = std::sqrt(v[i]);
    const float moved = w[i] - s.rate * m[i] / (s.root_correction * root + s.epsilon);
    // Comparisons in this order leave a NaN as it is, so that divergence is seen.
    const float below = moved > s.clip ? s.clip : moved;
    w[i] = below < -s.clip ? -s.clip : below;
    curvature[i] = root + kCurvatureFloor;
  }
}

LAQ_VECTORISED
void update_chunk_plain(float* __restrict w, float* __restrict m, float* __restrict v,
                        const float* __restrict g, std::size_t n, AdamStep s) {
  const float keep1 = 1 - s.beta1, keep2 = 1 - s.beta2;
  for (std::size_t i = 0; i < n; ++i) {
    m[i] = s.beta1 * m[i] + keep1 * g[i];
    v[i] = s.beta2 * v[i] + keep2 * g[i] * g[i];
    const float moved = w[i] - s.rate * m[i] / (s.root_correction * std::sqrt(v[i]) + s.epsilon);
    const float below = moved > s.clip ? s.clip : moved;
    w[i] = below < -s.clip ? -s.clip : below;
  }
}

}  // namespace

void adam_update(float* w, float* m, float* v, const float* g, float* curvature, std::size_t n,
                 const AdamStep& step, const std::function<void(std::size_t, std::size_t)>& after) {
  for_chunks(n, [&](std::size_t begin, std::size_t count) {
    if (curvature) {
      update_chunk(w + begin, m + begin, v + begin, g + begin, curvature + begin, count, step);
    } else {
      update_chunk_plain(w + begin, m + begin, v + begin, g + begin, count, step);
    }
    if (after) after(begin, count);
  });
}

}  // namespace laq::optim
