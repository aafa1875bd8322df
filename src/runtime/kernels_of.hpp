#pragma once

// The kernels, over a `Simd` that each source file defines for its own instructions: `width` floats
// in a `Floats`, as many unsigned numbers in `Words`, and look-ups in tables of 16, 32 or more
// floats by the lowest bits. Nothing of the standard library is compiled here: what is in these
// files may only run where the processor has the instructions.

#include <cstddef>
#include <cstdint>

#include "runtime/kernels.hpp"

#define LAQ_RUNTIME_INLINE __attribute__((always_inline)) inline

namespace laq::runtime {

template <class Simd>
struct KernelsOf {
  using Floats = typename Simd::Floats;
  using Words = typename Simd::Words;
  static constexpr std::size_t kWidth = Simd::width;
  static constexpr std::size_t kParts = kLanes / kWidth;

  static LAQ_RUNTIME_INLINE Floats load(const float* from) {
    Floats value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
  }
  static LAQ_RUNTIME_INLINE Words load(const std::uint32_t* from) {
    Words value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
  }
  static LAQ_RUNTIME_INLINE void store(float* to, Floats value) {
    __builtin_memcpy(to, &value, sizeof value);
  }
  static LAQ_RUNTIME_INLINE Floats all(float value) { return value - Floats{}; }

  static void build_tables(const float* x, std::size_t count, const float* digits,
                           std::size_t group, float* tables) {
    for (std::size_t t = 0; t < count; ++t, x += group, tables += kTable) {
      for (std::size_t i = 0; i < kTable; i += kWidth) {
        Floats sum = all(x[0]) * load(digits + i);
        for (std::size_t q = 1; q < group; ++q) sum += all(x[q]) * load(digits + q * kTable + i);
        store(tables + i, sum);
      }
    }
  }

  // Two accumulators for each row, as an addition takes several cycles.
  template <std::size_t Panels>
  static LAQ_RUNTIME_INLINE void sum_panels(const std::uint32_t* words, std::size_t word_count,
                                            const float* tables, float* sums) {
    constexpr std::size_t kFields = 32 / kTableBits;
    Floats sum[Panels][kParts][2] = {};
    for (std::size_t at = 0; at < word_count; ++at) {
      Words word[Panels][kParts];
      for (std::size_t p = 0; p < Panels; ++p) {
        for (std::size_t k = 0; k < kParts; ++k)
          word[p][k] = load(words + (p * word_count + at) * kLanes + k * kWidth);
      }
#pragma GCC unroll 6
      for (std::size_t f = 0; f < kFields; ++f) {
        const typename Simd::Table32 table(tables);
        tables += kTable;
        for (std::size_t p = 0; p < Panels; ++p) {
          for (std::size_t k = 0; k < kParts; ++k) {
            sum[p][k][f % 2] += table.at(word[p][k]);
            word[p][k] >>= kTableBits;
          }
        }
      }
    }
    for (std::size_t p = 0; p < Panels; ++p) {
      for (std::size_t k = 0; k < kParts; ++k)
        store(sums + p * kLanes + k * kWidth, sum[p][k][0] + sum[p][k][1]);
    }
  }

  static void sum_tables(const std::uint32_t* words, std::size_t word_count, const float* tables,
                         std::size_t panels, float* sums) {
    const std::size_t panel = word_count * kLanes;
    std::size_t p = 0;
    for (; p + Simd::panels <= panels; p += Simd::panels)
      sum_panels<Simd::panels>(words + p * panel, word_count, tables, sums + p * kLanes);
    for (; p < panels; ++p) sum_panels<1>(words + p * panel, word_count, tables, sums + p * kLanes);
  }

  template <std::size_t Bits, std::size_t Panels, class Levels>
  static LAQ_RUNTIME_INLINE void dot_panels(const std::uint32_t* words, std::size_t word_count,
                                            const Levels& levels, const float* x, float* sums) {
    constexpr std::size_t kFields = 32 / Bits;
    Floats sum[Panels][kParts][2] = {};
    for (std::size_t at = 0; at < word_count; ++at) {
      Words word[Panels][kParts];
      for (std::size_t p = 0; p < Panels; ++p) {
        for (std::size_t k = 0; k < kParts; ++k)
          word[p][k] = load(words + (p * word_count + at) * kLanes + k * kWidth);
      }
#pragma GCC unroll 10
      for (std::size_t f = 0; f < kFields; ++f) {
        const Floats value = all(*x++);
        for (std::size_t p = 0; p < Panels; ++p) {
          for (std::size_t k = 0; k < kParts; ++k) {
            sum[p][k][f % 2] += value * levels.at(word[p][k]);
            word[p][k] >>= Bits;
          }
        }
      }
    }
    for (std::size_t p = 0; p < Panels; ++p) {
      for (std::size_t k = 0; k < kParts; ++k)
        store(sums + p * kLanes + k * kWidth, sum[p][k][0] + sum[p][k][1]);
    }
  }

  template <std::size_t Bits, class Table>
  static LAQ_RUNTIME_INLINE void dot_of(const std::uint32_t* words, std::size_t word_count,
                                        const float* levels, const float* x, std::size_t panels,
                                        float* sums) {
    const Table table(levels);
    const std::size_t panel = word_count * kLanes;
    std::size_t p = 0;
    for (; p + Simd::panels <= panels; p += Simd::panels) {
      dot_panels<Bits, Simd::panels>(words + p * panel, word_count, table, x, sums + p * kLanes);
    }
    for (; p < panels; ++p)
      dot_panels<Bits, 1>(words + p * panel, word_count, table, x, sums + p * kLanes);
  }

  static void dot_levels(const std::uint32_t* words, std::size_t word_count, std::size_t bits,
                         const float* levels, const float* x, std::size_t panels, float* sums) {
    switch (bits) {
      case 3:
        return dot_of<3, typename Simd::Table8>(words, word_count, levels, x, panels, sums);
      case 4:
        return dot_of<4, typename Simd::Table16>(words, word_count, levels, x, panels, sums);
      case 5:
        return dot_of<5, typename Simd::Table32>(words, word_count, levels, x, panels, sums);
      case 6:
        return dot_of<6, typename Simd::template Large<6>>(words, word_count, levels, x, panels,
                                                           sums);
      case 7:
        return dot_of<7, typename Simd::template Large<7>>(words, word_count, levels, x, panels,
                                                           sums);
      default:
        return dot_of<8, typename Simd::template Large<8>>(words, word_count, levels, x, panels,
                                                           sums);
    }
  }

  template <std::size_t Bits, class Table>
  static LAQ_RUNTIME_INLINE void decode_of(const std::uint32_t* words, std::size_t word_count,
                                           std::size_t group, const float* digits, float* out) {
    constexpr std::size_t kFields = 32 / Bits, kSize = std::size_t{1} << Bits;
    for (std::size_t q = 0; q < group; ++q) {
      const Table table(digits + q * (kSize < 16 ? 16 : kSize));
      for (std::size_t at = 0; at < word_count; ++at) {
        for (std::size_t k = 0; k < kParts; ++k) {
          Words word = load(words + at * kLanes + k * kWidth);
          for (std::size_t f = 0; f < kFields; ++f) {
            store(out + ((at * kFields + f) * group + q) * kLanes + k * kWidth, table.at(word));
            word >>= Bits;
          }
        }
      }
    }
  }

  static void decode(const std::uint32_t* words, std::size_t word_count, const CodeLayout& layout,
                     const float* digits, float* out) {
    const std::size_t group = layout.group;
    switch (layout.bits) {
      case 3:
        return decode_of<3, typename Simd::Table8>(words, word_count, group, digits, out);
      case 4:
        return decode_of<4, typename Simd::Table16>(words, word_count, group, digits, out);
      case 5:
        return decode_of<5, typename Simd::Table32>(words, word_count, group, digits, out);
      case 6:
        return decode_of<6, typename Simd::template Large<6>>(words, word_count, group, digits,
                                                              out);
      case 7:
        return decode_of<7, typename Simd::template Large<7>>(words, word_count, group, digits,
                                                              out);
      default:
        return decode_of<8, typename Simd::template Large<8>>(words, word_count, group, digits,
                                                              out);
    }
  }

  template <std::size_t Positions, std::size_t Panels>
  static LAQ_RUNTIME_INLINE void tile_of(const float* const* x, std::size_t segments,
                                         std::size_t length, std::size_t stride,
                                         const float* weights, std::size_t panel_stride,
                                         float* out) {
    // What does not fit into the registers at once is done part by part of a panel.
    for (std::size_t k = 0; k < kParts; k += Simd::tile_parts) {
      Floats sum[Positions][Panels][Simd::tile_parts] = {};
      for (std::size_t s = 0; s < segments; ++s) {
        const float* from[Positions];
        for (std::size_t p = 0; p < Positions; ++p) from[p] = x[p] + s * stride;
        const float* weight = weights + s * length * kLanes + k * kWidth;
        for (std::size_t i = 0; i < length; ++i, weight += kLanes) {
          Floats w[Panels][Simd::tile_parts];
          for (std::size_t n = 0; n < Panels; ++n) {
            for (std::size_t j = 0; j < Simd::tile_parts; ++j)
              w[n][j] = load(weight + n * panel_stride + j * kWidth);
          }
          for (std::size_t p = 0; p < Positions; ++p) {
            const Floats value = all(from[p][i]);
            for (std::size_t n = 0; n < Panels; ++n) {
              for (std::size_t j = 0; j < Simd::tile_parts; ++j) sum[p][n][j] += value * w[n][j];
            }
          }
        }
      }
      for (std::size_t p = 0; p < Positions; ++p) {
        for (std::size_t n = 0; n < Panels; ++n) {
          for (std::size_t j = 0; j < Simd::tile_parts; ++j)
            store(out + (p * Panels + n) * kLanes + (k + j) * kWidth, sum[p][n][j]);
        }
      }
    }
  }

  template <std::size_t Panels>
  static LAQ_RUNTIME_INLINE void tile_panels(const float* const* x, std::size_t positions,
                                             std::size_t segments, std::size_t length,
                                             std::size_t stride, const float* weights,
                                             std::size_t panel_stride, float* out) {
    switch (positions) {
      case 8:
        if constexpr (Simd::tile_positions >= 8)
          return tile_of<8, Panels>(x, segments, length, stride, weights, panel_stride, out);
        tile_of<4, Panels>(x, segments, length, stride, weights, panel_stride, out);
        return tile_of<4, Panels>(x + 4, segments, length, stride, weights, panel_stride,
                                  out + 4 * Panels * kLanes);
      case 4:
        return tile_of<4, Panels>(x, segments, length, stride, weights, panel_stride, out);
      case 2:
        return tile_of<2, Panels>(x, segments, length, stride, weights, panel_stride, out);
      default:
        return tile_of<1, Panels>(x, segments, length, stride, weights, panel_stride, out);
    }
  }

  static void tile(const float* const* x, std::size_t positions, std::size_t segments,
                   std::size_t length, std::size_t stride, const float* weights, std::size_t panels,
                   std::size_t panel_stride, float* out) {
    if (panels == 2)
      return tile_panels<2>(x, positions, segments, length, stride, weights, panel_stride, out);
    tile_panels<1>(x, positions, segments, length, stride, weights, panel_stride, out);
  }

  // e^x to some 2 units in the last place: x = n ln 2 + r, |r| ≤ ln 2 / 2, and a polynomial of
  // degree 6 in r. The coefficients are Cephes' (expf).
  static LAQ_RUNTIME_INLINE float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    constexpr float kToWhole = 12582912.0f;  // 1.5 · 2^23: adding it rounds to a whole number
    const float n = (x * 1.44269504f + kToWhole) - kToWhole;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * __builtin_bit_cast(float, (static_cast<std::int32_t>(n) + 127) << 23);
  }
  static LAQ_RUNTIME_INLINE float sigmoid(float x) {
    return 1.0f / (1.0f + exponential(-x));
  }
  static LAQ_RUNTIME_INLINE float tangent(float x) {
    return 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
  }

  static void lstm_gates(const float* __restrict gates, std::size_t units, float* __restrict cell,
                         float* __restrict hidden) {
    for (std::size_t i = 0; i < units; ++i) {
      const float in = sigmoid(gates[i]), forget = sigmoid(gates[units + i]);
      const float next = forget * cell[i] + in * tangent(gates[2 * units + i]);
      cell[i] = next;
      hidden[i] = sigmoid(gates[3 * units + i]) * tangent(next);
    }
  }

  static void gru_gates(const float* __restrict input, const float* __restrict state,
                        std::size_t units, float* __restrict hidden) {
    for (std::size_t i = 0; i < units; ++i) {
      const float reset = sigmoid(input[i] + state[i]);
      const float keep = sigmoid(input[units + i] + state[units + i]);
      const float next = tangent(input[2 * units + i] + reset * state[2 * units + i]);
      hidden[i] = (1.0f - keep) * next + keep * hidden[i];
    }
  }

  static void tangents(float* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values[i] = tangent(values[i]);
  }

  static constexpr Kernels make(const char* name) {
    return {name, build_tables, sum_tables, dot_levels, decode,
            tile, lstm_gates,   gru_gates,  tangents};
  }
};

}  // namespace laq::runtime
