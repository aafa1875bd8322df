#include "optim/adam_kernel.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "quant/group.hpp"

namespace laq::optim {
namespace {

// `curvature` is not touched unless Curved.
template <bool Curved, bool Sgd>
LAQ_INLINE void update(float* __restrict w, float* __restrict m, float* __restrict v,
                       const float* __restrict g, float* __restrict curvature, std::size_t n,
                       AdamStep s) {
  const float keep1 = 1 - s.beta1, keep2 = 1 - s.beta2;
  for (std::size_t i = 0; i < n; ++i) {
    m[i] = Sgd ? s.momentum * m[i] + g[i] : s.beta1 * m[i] + keep1 * g[i];
    v[i] = s.beta2 * v[i] + keep2 * g[i] * g[i];
    const float root = std::sqrt(v[i]);
    const float scale = Sgd ? 1 : s.root_correction * root + s.epsilon;
    const float moved = w[i] - s.rate * m[i] / scale;
    // Comparisons in this order leave a NaN as it is, so that divergence is seen.
    const float below = moved > s.clip ? s.clip : moved;
    w[i] = below < -s.clip ? -s.clip : below;
    if constexpr (Curved) curvature[i] = root + quant::kCurvatureFloor;
  }
}

LAQ_VECTORISED
void update_block(float* w, float* m, float* v, const float* g, float* curvature, std::size_t n,
                  const AdamStep& s) {
  if (s.sgd) {
    curvature ? update<true, true>(w, m, v, g, curvature, n, s)
              : update<false, true>(w, m, v, g, nullptr, n, s);
  } else {
    curvature ? update<true, false>(w, m, v, g, curvature, n, s)
              : update<false, false>(w, m, v, g, nullptr, n, s);
  }
}

// Asks for weights begin … end − 1, that the memory may work while the present block is summed up.
void prefetch(const float* w, const float* m, const float* v, const float* g, std::size_t begin,
              std::size_t end) {
  constexpr std::size_t kLine = 64 / sizeof(float);
  for (std::size_t i = begin; i < end; i += kLine) {
    __builtin_prefetch(w + i, 1, 2);
    __builtin_prefetch(m + i, 1, 2);
    __builtin_prefetch(v + i, 1, 2);
    __builtin_prefetch(g + i, 0, 2);
  }
}

}  // namespace

void adam_update(float* w, float* m, float* v, const float* g, std::size_t n, const AdamStep& step,
                 bool curved, const AfterBlock& after) {
  for_cache_blocks(n, [&](std::size_t begin, std::size_t count) {
    alignas(64) float scratch[kCacheBlock];
    float* curvature = curved ? scratch : nullptr;
    update_block(w + begin, m + begin, v + begin, g + begin, curvature, count, step);
    if (!after) return;
    if (curvature && step.squared_curvature) quant::square(curvature, count);
    prefetch(w, m, v, g, begin + count, std::min(begin + 2 * count, n));
    after(begin, count, curvature);
  });
}

}  // namespace laq::optim
