#include "quant/codebook.hpp"

#include <algorithm>

#include "core/parallel.hpp"

namespace laq::quant {
namespace {

// A chain of selects rather than a table look-up: few steps, and it vectorises without gathers.
template <int Steps>
LAQ_INLINE void select_levels(const float* thresholds, const float* values,
                              const float* __restrict w, float* __restrict out, std::size_t n) {
  float threshold[Steps], value[Steps];
  const float lowest = values[0];
  for (int j = 0; j < Steps; ++j) threshold[j] = thresholds[j];
  for (int j = 0; j < Steps; ++j) value[j] = values[j + 1];
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    float chosen = lowest;
#pragma GCC unroll 8
    for (int j = 0; j < Steps; ++j) chosen = w[i] > threshold[j] ? value[j] : chosen;
    out[i] = chosen;
  }
}

LAQ_INLINE void select_two(float threshold, float low, float high, const float* __restrict w,
                           float* __restrict out, std::size_t n) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) out[i] = w[i] > threshold ? high : low;
}

LAQ_VECTORISED
void apply_chunk(const float* thresholds, const float* values, std::size_t steps, const float* w,
                 float* out, std::size_t n) {
  // Binary, ternary and 3-bit levels with their thresholds in registers.
  switch (steps) {
    case 1:
      return select_two(thresholds[0], values[0], values[1], w, out, n);
    case 2:
      return select_levels<2>(thresholds, values, w, out, n);
    case 6:
      return select_levels<6>(thresholds, values, w, out, n);
  }
  constexpr std::size_t kBlock = 256;
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t count = std::min(kBlock, n - begin);
    const float* in = w + begin;
    float block[kBlock];
    for (std::size_t i = 0; i < count; ++i) block[i] = values[0];
    for (std::size_t j = 0; j < steps; ++j) {
      const float threshold = thresholds[j];
      const float value = values[j + 1];
      for (std::size_t i = 0; i < count; ++i) block[i] = in[i] > threshold ? value : block[i];
    }
    for (std::size_t i = 0; i < count; ++i) out[begin + i] = block[i];
  }
}

LAQ_VECTORISED
void apply_pieces(const Codebook& codebook, const float* w, float* out, std::size_t n) {
  constexpr std::size_t kBlock = 256;
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t count = std::min(kBlock, n - begin);
    const float* in = w + begin;
    double offset[kBlock], slope[kBlock];
    for (std::size_t i = 0; i < count; ++i) offset[i] = codebook.offsets[0];
    for (std::size_t i = 0; i < count; ++i) slope[i] = codebook.slopes[0];
    for (std::size_t p = 0; p < codebook.knots.size(); ++p) {
      const float knot = codebook.knots[p];
      const double next_offset = codebook.offsets[p + 1], next_slope = codebook.slopes[p + 1];
      for (std::size_t i = 0; i < count; ++i) offset[i] = in[i] > knot ? next_offset : offset[i];
      for (std::size_t i = 0; i < count; ++i) slope[i] = in[i] > knot ? next_slope : slope[i];
    }
    for (std::size_t i = 0; i < count; ++i)
      out[begin + i] = static_cast<float>(offset[i] + slope[i] * static_cast<double>(in[i]));
  }
}

LAQ_VECTORISED
double objective_chunk(const float* w, const float* d, const float* quantized, std::size_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double error = static_cast<double>(w[i]) - static_cast<double>(quantized[i]);
    sum += static_cast<double>(d[i]) * error * error;
  }
  return sum;
}

}  // namespace

void apply(const Codebook& codebook, std::span<const float> latent, std::span<float> out) {
  if (codebook.relaxed()) {
    return for_chunks(latent.size(), [&](std::size_t begin, std::size_t count) {
      apply_pieces(codebook, latent.data() + begin, out.data() + begin, count);
    });
  }
  const std::vector<float> values(codebook.values.begin(), codebook.values.end());
  for_chunks(latent.size(), [&](std::size_t begin, std::size_t count) {
    apply_chunk(codebook.thresholds.data(), values.data(), codebook.thresholds.size(),
                latent.data() + begin, out.data() + begin, count);
  });
}

void encode(const Codebook& codebook, std::span<const float> latent, std::span<int> codes) {
  for_chunks(latent.size(), [&](std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count; ++i) {
      const auto above =
          std::lower_bound(codebook.thresholds.begin(), codebook.thresholds.end(), latent[i]);
      codes[i] = codebook.codes[static_cast<std::size_t>(above - codebook.thresholds.begin())];
    }
  });
}

double objective(std::span<const float> latent, std::span<const float> curvature,
                 std::span<const float> quantized) {
  static const std::vector<float> ones(kChunk, 1.0f);
  return sum_chunks<double>(latent.size(), [&](std::size_t begin, std::size_t count) {
    const float* d = curvature.empty() ? ones.data() : curvature.data() + begin;
    return objective_chunk(latent.data() + begin, d, quantized.data() + begin, count);
  });
}

}  // namespace laq::quant
