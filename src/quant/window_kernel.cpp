#include "quant/window_kernel.hpp"

#include <cmath>

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
  int windows[kWindowBlock];  // as wide as a float, so that the loop keeps to full vectors
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

// Single precision: these sums only bound.
template <bool BySign>
LAQ_INLINE void sum_outlook(const WindowEdges& edges, const float* __restrict w,
                            const float* __restrict d, std::size_t n, WindowSums& sums) {
  static_assert(kOutlooks == 7);
  constexpr const float* x = kOutlook;
  const float up = edges.per_scale[0], down = edges.per_scale[1];
  float p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0;  // w ≥ 0, or all
  float n0 = 0, n1 = 0, n2 = 0, n3 = 0, n4 = 0, n5 = 0, n6 = 0, n7 = 0;  // w < 0
#pragma omp simd reduction(+ : p0, p1, p2, p3, p4, p5, p6, p7, n0, n1, n2, n3, n4, n5, n6, n7)
  for (std::size_t i = 0; i < n; ++i) {
    const bool negative = BySign && w[i] < 0;
    const float u = std::fabs(w[i]) * (negative ? down : up), twice = u + u, weight = d[i];
    const auto excess = [&](float from) { return twice > from ? twice - from : 0; };
    const auto put = [&](float h, float& positive_sum, float& negative_sum) {
      positive_sum += negative ? 0 : weight * h;
      if constexpr (BySign) negative_sum += negative ? weight * h : 0;
    };
    put(twice, p0, n0);
    put(excess(x[1]), p1, n1);
    put(excess(x[2]), p2, n2);
    put(excess(x[3]), p3, n3);
    put(excess(x[4]), p4, n4);
    put(excess(x[5]), p5, n5);
    put(excess(x[6]), p6, n6);
    const float m = u > x[6] ? u : x[6];
    put(m * excess(m), p7, n7);
  }
  const float positive[] = {p0, p1, p2, p3, p4, p5, p6, p7};
  const float negative[] = {n0, n1, n2, n3, n4, n5, n6, n7};
  for (int i = 0; i <= kOutlooks; ++i) {
    sums.outlook[0][i] += static_cast<double>(positive[i]);
    sums.outlook[1][i] += static_cast<double>(negative[i]);
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
  if (!edges.outlook) return;
  if (edges.by_sign) {
    sum_outlook<true>(edges, w, d, n, sums);
  } else {
    sum_outlook<false>(edges, w, d, n, sums);
  }
}

}  // namespace

WindowSums& WindowSums::operator+=(const WindowSums& other) {
  for (int s = 0; s < 2; ++s) {
    above[s] += other.above[s];
    for (int i = 0; i <= kOutlooks; ++i) outlook[s][i] += other.outlook[s][i];
  }
  return *this;
}

void look(const WindowEdges& edges, const float* w, const float* d, std::size_t n,
          unsigned char* near, WindowSums& sums) {
  look_block(edges, w, d, n, near, sums);
}

}  // namespace laq::quant
