#include <immintrin.h>

#include "runtime/kernels_of.hpp"

namespace laq::runtime {
namespace {

struct Avx512 {
  static constexpr std::size_t width = 16, panels = 4, tile_parts = 1, tile_positions = 8;
  using Floats = float __attribute__((vector_size(64)));
  using Words = std::uint32_t __attribute__((vector_size(64)));

  struct Table16 {
    __m512 low;
    explicit Table16(const float* values) : low(_mm512_loadu_ps(values)) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      return _mm512_permutexvar_ps(reinterpret_cast<__m512i>(index), low);
    }
  };
  struct Table8 : Table16 {  // twice the same eight: the fourth bit is of the next field
    explicit Table8(const float* values) : Table16(values) {
      low = _mm512_shuffle_f32x4(low, low, _MM_SHUFFLE(1, 0, 1, 0));
    }
  };
  struct Table32 {
    __m512 low, high;
    explicit Table32(const float* values)
        : low(_mm512_loadu_ps(values)), high(_mm512_loadu_ps(values + 16)) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      return _mm512_permutex2var_ps(low, reinterpret_cast<__m512i>(index), high);
    }
  };
  template <std::size_t Bits>
  struct Large {
    const float* values;
    explicit Large(const float* from) : values(from) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      const auto bits = reinterpret_cast<__m512i>(index);
      __m512 chosen = Table32(values).at(index);
      for (std::size_t above = 1; above < (std::size_t{1} << (Bits - kTableBits)); ++above) {
        const __m512i from = _mm512_and_si512(bits, _mm512_set1_epi32((1 << Bits) - 1));
        const __mmask16 here =
            _mm512_cmpge_epi32_mask(from, _mm512_set1_epi32(static_cast<int>(above * kTable)));
        chosen = _mm512_mask_mov_ps(chosen, here, Table32(values + above * kTable).at(index));
      }
      return chosen;
    }
  };
};

}  // namespace

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = KernelsOf<Avx512>::make("AVX-512");

}  // namespace laq::runtime
