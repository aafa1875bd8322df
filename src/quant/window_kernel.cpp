#include "quant/window_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/parallel.hpp"

namespace laq::quant {
namespace {

// The codes' sums and the windows' hits, the number of levels unrolled.
template <int K, bool BySign>
LAQ_INLINE void sum_above(const WindowEdges& edges, const float* __restrict w,
                          const float* __restrict d, std::size_t n, unsigned char* __restrict near,
                          WindowSums& sums) {
  float low[K], high[K], step[K];
  for (int j = 0; j < K; ++j) {
    low[j] = edges.low[j];
    high[j] = edges.high[j];
    step[j] = edges.step[j];
  }
  const float up = edges.per_scale[0], down = edges.per_scale[1];
  double dqw = 0, dqq = 0, dqw_negative = 0, dqq_negative = 0;
  int windows[kCacheBlock];  // as wide as a float, so that the loop keeps to full vectors
#pragma omp simd reduction(+ : dqw, dqq, dqw_negative, dqq_negative)
  for (std::size_t i = 0; i < n; ++i) {
    const float a = std::fabs(w[i]);
    const float u = a * (BySign && w[i] < 0 ? down : up);
    float q = 0;
    int window = 0;
#pragma GCC unroll 8
    for (int j = 0; j < K; ++j) {
      q = u > high[j] ? step[j] : q;
      window = (u > low[j]) & (u <= high[j]) ? j + 1 : window;
    }
    windows[i] = window;
    // Products, so that a weight or curvature that is not finite shows even at level 0. The
    // ternary level is 1: nothing is rounded.
    const double dq =
        K == 1 ? static_cast<double>(d[i] * q) : static_cast<double>(d[i]) * static_cast<double>(q);
    const double w_part = dq * static_cast<double>(a);
    const double q_part = K == 1 ? dq : dq * static_cast<double>(q);
    if constexpr (BySign) {
      dqw += w[i] < 0 ? 0 : w_part;
      dqq += w[i] < 0 ? 0 : q_part;
      dqw_negative += w[i] < 0 ? w_part : 0;
      dqq_negative += w[i] < 0 ? q_part : 0;
    } else {
      dqw += w_part;
      dqq += q_part;
    }
  }
  for (std::size_t i = 0; i < n; ++i) near[i] = static_cast<unsigned char>(windows[i]);
  sums.above[0] += {dqw, dqq};
  sums.above[1] += {dqw_negative, dqq_negative};
}

// Vectors by hand: as a plain loop these are more sums than GCC 12 vectorises. Single precision:
// they only bound.
using Floats = float __attribute__((vector_size(32)));
using Ints = int __attribute__((vector_size(32)));
constexpr std::size_t kLanes = sizeof(Floats) / sizeof(float);

LAQ_INLINE float total(const Floats& x) {
  return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

template <int N, bool BySign>
LAQ_INLINE void sum_bounds(const WindowEdges& edges, const float* w, const float* d, std::size_t n,
                           WindowSums& sums) {
  const Floats zero = {}, up = zero + edges.per_scale[0], down = zero + edges.per_scale[1];
  Floats positive[N + 1] = {}, negative[N + 1] = {};  // w ≥ 0, or all; w < 0
  for (std::size_t i = 0; i < n; i += kLanes) {
    Floats weight = {}, curvature = {};
    const std::size_t bytes = std::min(n - i, kLanes) * sizeof(float);
    if (bytes == sizeof(Floats)) {
      std::memcpy(&weight, w + i, sizeof(Floats));
      std::memcpy(&curvature, d + i, sizeof(Floats));
    } else {
      std::memcpy(&weight, w + i, bytes);
      std::memcpy(&curvature, d + i, bytes);
    }
    const Ints below = weight < zero;
    const Floats a = reinterpret_cast<Floats>(reinterpret_cast<Ints>(weight) & 0x7fffffff);
    const Floats u = BySign ? a * (below ? down : up) : a * up;
    const Floats twice = u + u;
    const Floats positive_d = BySign ? (below ? zero : curvature) : curvature;
    const Floats negative_d = below ? curvature : zero;
#pragma GCC unroll 16
    for (int j = 0; j <= N; ++j) {
      const Floats x = zero + edges.places[j < N ? j : N - 1];
      const Floats from = j < N ? x : (u > x ? u : x);
      Floats h = (twice > from ? twice : from) - from;
      if (j == N) h *= from;
      positive[j] += positive_d * h;
      if constexpr (BySign) negative[j] += negative_d * h;
    }
  }
  for (int j = 0; j <= N; ++j) {
    sums.bounds[0][j] += static_cast<double>(total(positive[j]));
    if constexpr (BySign) sums.bounds[1][j] += static_cast<double>(total(negative[j]));
  }
}

template <int N>
LAQ_INLINE void sum_places(const WindowEdges& edges, const float* w, const float* d, std::size_t n,
                           WindowSums& sums) {
  if (edges.by_sign) {
    sum_bounds<N, true>(edges, w, d, n, sums);
  } else {
    sum_bounds<N, false>(edges, w, d, n, sums);
  }
}

template <int K>
LAQ_INLINE void sum_levels(const WindowEdges& edges, const float* w, const float* d, std::size_t n,
                           unsigned char* near, WindowSums& sums) {
  if (edges.by_sign) {
    sum_above<K, true>(edges, w, d, n, near, sums);
  } else {
    sum_above<K, false>(edges, w, d, n, near, sums);
  }
}

LAQ_VECTORISED
void look_block(const WindowEdges& edges, const float* w, const float* d, std::size_t n,
                unsigned char* near, WindowSums& sums) {
  switch (edges.levels) {
    case 1:
      sum_levels<1>(edges, w, d, n, near, sums);
      break;
    case 3:
      sum_levels<3>(edges, w, d, n, near, sums);
      break;
    default:
      sum_levels<7>(edges, w, d, n, near, sums);
  }
  switch (edges.place_count) {
    case 0:
      break;
    case 5:
      sum_places<5>(edges, w, d, n, sums);
      break;
    case 7:
      sum_places<7>(edges, w, d, n, sums);
      break;
    case 9:
      sum_places<9>(edges, w, d, n, sums);
      break;
    default:
      sum_places<kMostPlaces>(edges, w, d, n, sums);
  }
}

}  // namespace

WindowSums& WindowSums::operator+=(const WindowSums& other) {
  for (int s = 0; s < 2; ++s) {
    above[s] += other.above[s];
    for (int i = 0; i <= kMostPlaces; ++i) bounds[s][i] += other.bounds[s][i];
  }
  return *this;
}

void look(const WindowEdges& edges, const float* w, const float* d, std::size_t n,
          unsigned char* near, WindowSums& sums) {
  look_block(edges, w, d, n, near, sums);
}

}  // namespace laq::quant
