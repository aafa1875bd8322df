#include "quant/released.hpp"

#include <cmath>

#include "core/parallel.hpp"

namespace laq::quant {
namespace {

// Σ d q |w| and Σ d q: both linear in q, unlike `LevelSums`.
struct LinearSums {
  double dqw = 0, dq = 0;
  void operator+=(const LinearSums& other) {
    dqw += other.dqw;
    dq += other.dq;
  }
  double scale() const { return dq > 0 ? dqw / dq : 0; }
};

LAQ_VECTORISED
LinearSums used_chunk(const float* w, const float* d, const float* used, std::size_t n) {
  double dqw = 0, dq = 0;
#pragma omp simd reduction(+ : dqw, dq)
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = used[i] != 0 ? static_cast<double>(d[i]) : 0.0;
    dqw += weight * static_cast<double>(std::fabs(w[i]));
    dq += weight;
  }
  return {dqw, dq};
}

// A sum of steps: each threshold that a magnitude exceeds adds the distance to the next level.
LAQ_VECTORISED
LinearSums level_chunk(const float* w, const float* d, std::size_t n, const float* thresholds,
                       const float* rises, std::size_t k) {
  constexpr std::size_t kBlock = 256;
  double dqw = 0, dq = 0;
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t count = std::min(kBlock, n - begin);
    const float* in = w + begin;
    const float* weight = d + begin;
    float q[kBlock] = {};
    for (std::size_t j = 0; j < k; ++j) {
      const float threshold = thresholds[j], rise = rises[j];
      for (std::size_t i = 0; i < count; ++i) q[i] += std::fabs(in[i]) > threshold ? rise : 0.0f;
    }
#pragma omp simd reduction(+ : dqw, dq)
    for (std::size_t i = 0; i < count; ++i) {
      const double part = static_cast<double>(weight[i]) * static_cast<double>(q[i]);
      dqw += part * static_cast<double>(std::fabs(in[i]));
      dq += part;
    }
  }
  return {dqw, dq};
}

double first_scale(const Group& group) {
  if (!group.scales.empty() && !group.previous.empty()) {
    const auto sums =
        sum_chunks<LinearSums>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
          return used_chunk(group.latent.data() + begin, curvature_at(group, begin),
                            group.previous.data() + begin, count);
        });
    if (sums.dq > 0) return sums.scale();
  }
  return top_level_scale(group, Side::both, twn_threshold(group));
}

}  // namespace

AlternatingResult released_scale(const Group& group, const LevelSet& levels) {
  std::vector<float> rises;
  for (std::size_t j = 1; j < levels.steps().size(); ++j)
    rises.push_back(levels.steps()[j] - levels.steps()[j - 1]);
  std::vector<float> thresholds(rises.size());
  AlternatingResult result{first_scale(group), 1, false};
  while (result.alpha > 0 && result.rounds <= kMostRounds && !result.converged) {
    const double before = result.alpha;
    for (std::size_t j = 0; j < rises.size(); ++j)
      thresholds[j] = threshold_at_least(before * levels.midpoints()[j]);
    result.alpha =
        sum_chunks<LinearSums>(group.latent.size(), [&](std::size_t begin, std::size_t count) {
          return level_chunk(group.latent.data() + begin, curvature_at(group, begin), count,
                             thresholds.data(), rises.data(), rises.size());
        }).scale();
    ++result.rounds;
    result.converged = std::abs(result.alpha - before) < kAlternatingTolerance;
  }
  if (result.alpha <= 0) result.converged = true;
  return result;
}

}  // namespace laq::quant
