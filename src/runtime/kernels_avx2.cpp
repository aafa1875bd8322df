#include <immintrin.h>

#include "runtime/kernels_of.hpp"

namespace laq::runtime {
namespace {

struct Avx2 {
  static constexpr std::size_t width = 8, panels = 1, tile_parts = 1, tile_positions = 4;
  using Floats = float __attribute__((vector_size(32)));
  using Words = std::uint32_t __attribute__((vector_size(32)));

  struct Table8 {
    __m256 low;
    explicit Table8(const float* values) : low(_mm256_loadu_ps(values)) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      return _mm256_permutevar8x32_ps(low, reinterpret_cast<__m256i>(index));
    }
  };
  /// `high` where bit `Bit` of the index is set.
  template <int Bit>
  static LAQ_RUNTIME_INLINE Floats choose(Words index, Floats low, Floats high) {
    const __m256i sign = _mm256_slli_epi32(reinterpret_cast<__m256i>(index), 31 - Bit);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(sign));
  }
  struct Table16 {
    Table8 low, high;
    explicit Table16(const float* values) : low(values), high(values + 8) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      return choose<3>(index, low.at(index), high.at(index));
    }
  };
  struct Table32 {
    Table16 low, high;
    explicit Table32(const float* values) : low(values), high(values + 16) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      return choose<4>(index, low.at(index), high.at(index));
    }
  };
  template <std::size_t Bits>
  struct Large {
    const float* values;
    explicit Large(const float* from) : values(from) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      const auto bits = reinterpret_cast<__m256i>(index);
      return _mm256_i32gather_ps(values, _mm256_and_si256(bits, _mm256_set1_epi32((1 << Bits) - 1)),
                                 4);
    }
  };
};

}  // namespace

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = KernelsOf<Avx2>::make("AVX2");

}  // namespace laq::runtime
