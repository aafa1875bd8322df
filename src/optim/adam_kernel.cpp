#include "optim/adam_kernel.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "quant/group.hpp"

namespace laq::optim {
namespace {

// `curvature` is not touched unless Curved.
template <bool Curved, bool Sgd>
LAQ_INLINE void update(float* __restrict w, float* __restrict m, float* __restrict v,
                       const float* __restrict g, float* __restrict curvature, std::size_t n,
                       AdamStep s) {
  for (std::size_t i = 0; i < n; ++i) {
    const float root = kernels::move_weight<Sgd>(w[i], m[i], v[i], g[i], s);
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
