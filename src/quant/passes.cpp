#include "quant/passes.hpp"

#include <algorithm>

#include "core/parallel.hpp"

namespace laq::quant {
namespace {

constexpr std::size_t kBlock = 256;

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
float largest_chunk(const float* w, std::size_t n) {
  float max = 0;
#pragma omp simd reduction(max : max)
  for (std::size_t i = 0; i < n; ++i) {
    const float a = w[i] < 0 ? -w[i] : w[i];
    max = a > max ? a : max;
  }
  return max;
}

LAQ_VECTORISED
LevelSums level_chunk(const float* w, const float* d, std::size_t n, float up, float down,
                      const float* thresholds, const float* steps, std::size_t k) {
  double dqw = 0, dqq = 0;
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
#pragma omp simd reduction(+ : dqw, dqq)
    for (std::size_t i = 0; i < count; ++i) {
      const double dq = static_cast<double>(weight[i]) * static_cast<double>(q[i]);
      dqw += dq * static_cast<double>(a[i]);
      dqq += dq * static_cast<double>(q[i]);
    }
  }
  return {dqw, dqq};
}

LAQ_VECTORISED
LevelSums previous_chunk(const float* w, const float* d, const float* previous, std::size_t n,
                         float up, float down) {
  double dqw = 0, dqq = 0;
#pragma omp simd reduction(+ : dqw, dqq)
  for (std::size_t i = 0; i < n; ++i) {
    const float x = up * previous[i], y = down * previous[i];
    const float q = (x > y ? x : y) > 0 ? previous[i] : 0.0f;
    const double dq = static_cast<double>(d[i]) * static_cast<double>(q);
    dqw += dq * static_cast<double>(w[i]);
    dqq += dq * static_cast<double>(q);
  }
  return {dqw, dqq};
}

const float* curvature_at(const Group& group, std::size_t begin) {
  return group.curvature.empty() ? unit_curvature() : group.curvature.data() + begin;
}

}  // namespace

const float* unit_curvature() {
  static const std::vector<float> ones(kChunk, 1.0f);
  return ones.data();
}

MagnitudeSums& MagnitudeSums::operator+=(const MagnitudeSums& other) {
  a += other.a;
  d += other.d;
  da += other.da;
  zero_d += other.zero_d;
  max = std::max(max, other.max);
  return *this;
}

LevelSums& LevelSums::operator+=(const LevelSums& other) {
  dqw += other.dqw;
  dqq += other.dqq;
  return *this;
}

MagnitudeSums magnitude_part(const Group& group, Side side, std::size_t begin, std::size_t count) {
  const SideFactors factors(side);
  return magnitude_chunk(group.latent.data() + begin, curvature_at(group, begin), count, factors.up,
                         factors.down);
}

float largest_part(const Group& group, std::size_t begin, std::size_t count) {
  return largest_chunk(group.latent.data() + begin, count);
}

LevelSums previous_part(const Group& group, Side side, std::size_t begin, std::size_t count) {
  const SideFactors factors(side);
  return previous_chunk(group.latent.data() + begin, curvature_at(group, begin),
                        group.previous.data() + begin, count, factors.up, factors.down);
}

MagnitudeSums magnitude_sums(const Group& group, Side side) {
  return sum_chunks<MagnitudeSums>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    return magnitude_part(group, side, begin, count);
  });
}

LevelSums level_sums(const Group& group, Side side, const LevelSet& levels,
                     std::span<const float> thresholds) {
  const SideFactors factors(side);
  LevelSums sums = sum_chunks<LevelSums>(group.latent.size(), [&](std::size_t begin,
                                                                  std::size_t count) {
    return level_chunk(group.latent.data() + begin, curvature_at(group, begin), count, factors.up,
                       factors.down, thresholds.data(), levels.steps().data(), thresholds.size());
  });
  sums.dqw *= levels.unit();
  sums.dqq *= levels.unit() * levels.unit();
  return sums;
}

LevelSums previous_sums(const Group& group, Side side) {
  return sum_chunks<LevelSums>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    return previous_part(group, side, begin, count);
  });
}

std::vector<float> scaled_thresholds(const LevelSet& levels, double alpha) {
  std::vector<float> thresholds;
  for (const double midpoint : levels.midpoints()) {
    thresholds.push_back(floor_to_float(alpha * midpoint));
  }
  return thresholds;
}

}  // namespace laq::quant
