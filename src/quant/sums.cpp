#include "quant/sums.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"

namespace laq::quant {
namespace {

constexpr std::size_t kBlock = 256;

// a = max(up·w, down·w): |w| for (1, −1), max(w, 0) for (1, 0), max(−w, 0) for (−1, 0).
struct SideFactors {
  float up, down;
  explicit SideFactors(Side side)
      : up(side == Side::negative ? -1.0f : 1.0f), down(side == Side::both ? -1.0f : 0.0f) {}
};

LAQ_VECTORISED
MagnitudeSums magnitude_chunk(const float* w, const float* d, std::size_t n, float up, float down) {
  double sum_a = 0, sum_d = 0, sum_da = 0, zero_d = 0;
  float max = 0;
#pragma omp simd reduction(+ : sum_a, sum_d, sum_da, zero_d) reduction(max : max)
  for (std::size_t i = 0; i < n; ++i) {
    const float x = up * w[i], y = down * w[i];
    const float a = x > y ? x : y;
    const double weight = a > 0 ? static_cast<double>(d[i]) : 0.0;
    sum_a += static_cast<double>(a);
    sum_d += weight;
    sum_da += static_cast<double>(d[i]) * static_cast<double>(a);
    zero_d += w[i] == 0 ? static_cast<double>(d[i]) : 0.0;
    max = a > max ? a : max;
  }
  return {sum_a, sum_d, sum_da, max, zero_d};
}

LAQ_VECTORISED
LevelSums level_chunk(const float* w, const float* d, std::size_t n, float up, float down,
                      const float* thresholds, const float* steps, std::size_t k) {
  double dqw = 0, dqq = 0, dq_sum = 0;
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t count = std::min(kBlock, n - begin);
    const float* in = w + begin;
    const float* weight = d + begin;
    float a[kBlock];
    float q[kBlock];
    for (std::size_t i = 0; i < count; ++i) {
      const float x = up * in[i], y = down * in[i];
      a[i] = x > y ? x : y;
      q[i] = 0;
    }
    for (std::size_t j = 0; j < k; ++j) {
      const float threshold = thresholds[j];
      const float step = steps[j + 1];
      for (std::size_t i = 0; i < count; ++i) q[i] = a[i] > threshold ? step : q[i];
    }
#pragma omp simd reduction(+ : dqw, dqq, dq_sum)
    for (std::size_t i = 0; i < count; ++i) {
      const double dq = static_cast<double>(weight[i]) * static_cast<double>(q[i]);
      dqw += dq * static_cast<double>(a[i]);
      dqq += dq * static_cast<double>(q[i]);
      dq_sum += dq;
    }
  }
  return {dqw, dqq, dq_sum};
}

LAQ_VECTORISED
void previous_chunk(const float* w, const float* d, const float* previous, std::size_t n,
                    LevelSums* sums) {
  double dqw = 0, dqq = 0;
#pragma omp simd reduction(+ : dqw, dqq)
  for (std::size_t i = 0; i < n; ++i) {
    const double q = static_cast<double>(previous[i]);
    const double dq = static_cast<double>(d[i]) * q;
    dqw += dq * static_cast<double>(w[i]);
    dqq += dq * q;
  }
  sums[0] += {dqw, dqq};
}

LAQ_VECTORISED
void previous_chunk_by_sign(const float* w, const float* d, const float* previous, std::size_t n,
                            LevelSums* sums) {
  double up_dqw = 0, up_dqq = 0, down_dqw = 0, down_dqq = 0;
#pragma omp simd reduction(+ : up_dqw, up_dqq, down_dqw, down_dqq)
  for (std::size_t i = 0; i < n; ++i) {
    const double q = static_cast<double>(previous[i]);
    const double dq = static_cast<double>(d[i]) * q;
    const double w_part = dq * static_cast<double>(w[i]), q_part = dq * q;
    up_dqw += q > 0 ? w_part : 0;
    up_dqq += q > 0 ? q_part : 0;
    down_dqw += q > 0 ? 0 : w_part;
    down_dqq += q > 0 ? 0 : q_part;
  }
  sums[0] += {up_dqw, up_dqq};
  sums[1] += {down_dqw, down_dqq};
}

LAQ_VECTORISED
LevelSums used_chunk(const float* w, const float* d, const float* previous, std::size_t n) {
  double dqw = 0, dq = 0;
#pragma omp simd reduction(+ : dqw, dq)
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = previous[i] != 0 ? static_cast<double>(d[i]) : 0.0;
    dqw += weight * static_cast<double>(std::fabs(w[i]));
    dq += weight;
  }
  return {dqw, dq, dq};
}

LAQ_VECTORISED
void mark_in_ranges(const float* w, std::size_t n, float up, float down,
                    std::span<const std::pair<float, float>> ranges, unsigned char* marks) {
  std::fill_n(marks, n, static_cast<unsigned char>(0));
  for (const auto& range : ranges) {
    const float low = range.first, high = range.second;
    for (std::size_t i = 0; i < n; ++i) {
      const float x = up * w[i], y = down * w[i];
      const float a = x > y ? x : y;
      // Without &&, whose branches would not vectorise.
      marks[i] |= static_cast<unsigned char>((a > 0) & (a >= low) & (a <= high));
    }
  }
}

}  // namespace

const float* unit_curvature() {
  static const std::vector<float> ones(kChunk, 1.0f);
  return ones.data();
}

const float* curvature_at(const Group& group, std::size_t begin) {
  return group.curvature.empty() ? unit_curvature() : group.curvature.data() + begin;
}

MagnitudeSums magnitude_part(const Group& group, Side side, std::size_t begin, std::size_t count,
                             const float* curvature) {
  const SideFactors factors(side);
  return magnitude_chunk(group.latent.data() + begin, curvature, count, factors.up, factors.down);
}

void add_previous(const Group& group, bool by_sign, std::size_t begin, std::size_t count,
                  const float* curvature, BySign& sums) {
  (by_sign ? previous_chunk_by_sign : previous_chunk)(
      group.latent.data() + begin, curvature, group.previous.data() + begin, count, sums.sums);
  // Nobody but this pass has ŵ in cache: ask for the next block's while others compute.
  constexpr std::size_t kLine = 16;
  const std::size_t next = begin + count, end = std::min(next + count, group.previous.size());
  for (std::size_t i = next; i < end; i += kLine) {
    __builtin_prefetch(group.previous.data() + i, 0, 2);
  }
}

MagnitudeSums magnitude_sums(const Group& group, Side side) {
  return sum_chunks<MagnitudeSums>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    return magnitude_part(group, side, begin, count, curvature_at(group, begin));
  });
}

LevelSums level_sums(const Group& group, Side side, std::span<const float> steps,
                     std::span<const float> thresholds) {
  const SideFactors factors(side);
  return sum_chunks<LevelSums>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    return level_chunk(group.latent.data() + begin, curvature_at(group, begin), count, factors.up,
                       factors.down, thresholds.data(), steps.data(), thresholds.size());
  });
}

BySign previous_sums(const Group& group, bool by_sign) {
  return sum_chunks<BySign>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    BySign sums;
    add_previous(group, by_sign, begin, count, curvature_at(group, begin), sums);
    return sums;
  });
}

LevelSums used_sums(const Group& group) {
  return sum_chunks<LevelSums>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    return used_chunk(group.latent.data() + begin, curvature_at(group, begin),
                      group.previous.data() + begin, count);
  });
}

std::vector<Weighted> weights_within(const Group& group, Side side,
                                     std::span<const std::pair<float, float>> ranges) {
  const std::size_t n = group.latent.size();
  const SideFactors factors(side);
  std::vector<std::vector<Weighted>> parts((n + kChunk - 1) / kChunk);
  for_cache_blocks(n, [&](std::size_t begin, std::size_t count) {
    const float* w = group.latent.data() + begin;
    const float* d = curvature_at(group, begin);
    Marks marks;
    mark_in_ranges(w, count, factors.up, factors.down, ranges, marks.of);
    for_marked(marks, count, [&](std::size_t i) {
      parts[begin / kChunk].push_back({std::max(factors.up * w[i], factors.down * w[i]), d[i]});
    });
  });
  std::vector<Weighted> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end(),
            [](const auto& x, const auto& y) { return x.a != y.a ? x.a < y.a : x.d < y.d; });
  return all;
}

std::vector<float> scaled_thresholds(const LevelSet& levels, double alpha) {
  std::vector<float> thresholds(static_cast<std::size_t>(levels.k()));
  scaled_thresholds(levels, alpha, thresholds.data());
  return thresholds;
}

}  // namespace laq::quant
