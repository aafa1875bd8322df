#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

// exp, tanh and the logistic function as straight-line code, so that loops over them vectorise.
// Relative errors below 2.5e-7 (about two roundings of float32); NaN stays NaN. In double, the
// standard library's.

namespace laq::nn {

namespace detail {

/// x = k ln 2 + r with |r| ≤ ln 2 / 2: 2ᵏ and exp(r) − 1. For |x| ≤ 87.
struct Exponential {
  float power, rest;
};

[[gnu::always_inline]] inline Exponential exponential(float x) {
  constexpr float kInverse = 1.44269504f;  // 1 / ln 2
  constexpr float kHigh = 0.693359375f;    // ln 2 in two parts: k · kHigh is exact
  constexpr float kLow = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5 · 2²³: adding it rounds to an integer
  const float shifted = x * kInverse + kRound;
  const float k = shifted - kRound;
  const float r = (x - k * kHigh) - k * kLow;
  // The Taylor series to r⁷ is good to 6e-9 here.
  float tail = 1.0f / 5040;
  tail = tail * r + 1.0f / 720;
  tail = tail * r + 1.0f / 120;
  tail = tail * r + 1.0f / 24;
  tail = tail * r + 1.0f / 6;
  tail = tail * r + 0.5f;
  // The integer is in the low bits of `shifted`; 127 is the exponent's bias.
  const auto bits = (std::bit_cast<std::uint32_t>(shifted) + 127u) << 23;
  return {std::bit_cast<float>(bits), tail * (r * r) + r};
}

}  // namespace detail

/// 1 / (1 + exp(−x)).
[[gnu::always_inline]] inline float logistic(float x) {
  const float below = -x > 87.0f ? 87.0f : -x;
  const detail::Exponential e = detail::exponential(below < -87.0f ? -87.0f : below);
  return 1.0f / (1.0f + (e.power * e.rest + e.power));
}

/// With z = exp(−2|x|) − 1: |tanh x| = −z / (2 + z), which keeps its digits near 0.
[[gnu::always_inline]] inline float fast_tanh(float x) {
  const float twice = -2.0f * std::fabs(x);
  const detail::Exponential e = detail::exponential(twice < -40.0f ? -40.0f : twice);
  const float z = e.power * e.rest + (e.power - 1.0f);
  return std::copysign(-z / (2.0f + z), x);
}

inline double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}
inline double fast_tanh(double x) {
  return std::tanh(x);
}

}  // namespace laq::nn
