#include "runtime/kernels.hpp"

#include <string_view>

#include "runtime/kernels_of.hpp"

namespace laq::runtime {
namespace {

// What every processor has: vectors of four, and tables in memory.
struct Portable {
  static constexpr std::size_t width = 4, panels = 1, tile_parts = 1, tile_positions = 4;
  using Floats = float __attribute__((vector_size(16)));
  using Words = std::uint32_t __attribute__((vector_size(16)));

  template <std::size_t Bits>
  struct Large {
    const float* values;
    explicit Large(const float* from) : values(from) {}
    LAQ_RUNTIME_INLINE Floats at(Words index) const {
      constexpr std::uint32_t kMask = (1u << Bits) - 1;
      return Floats{values[index[0] & kMask], values[index[1] & kMask], values[index[2] & kMask],
                    values[index[3] & kMask]};
    }
  };
  using Table8 = Large<3>;
  using Table16 = Large<4>;
  using Table32 = Large<5>;
};

const Kernels kPortableKernels = KernelsOf<Portable>::make("portable");

}  // namespace

#ifdef LAQ_X86_KERNELS
extern const Kernels kAvx512Kernels, kAvx2Kernels;
#endif

CodeLayout CodeLayout::of(std::size_t levels) {
  CodeLayout layout{.levels = levels, .group = 1};
  for (std::size_t all = levels; all * levels <= kTable && levels > 1; all *= levels)
    ++layout.group;
  if (levels <= 1) layout.group = kTableBits;
  layout.bits = 3;
  while ((std::size_t{1} << layout.bits) < levels) ++layout.bits;
  if (layout.group > 1) layout.bits = kTableBits;
  layout.fields = 32 / layout.bits;
  return layout;
}

const Kernels* kernels_named(const char* name) {
  const std::string_view wanted = name;
#ifdef LAQ_X86_KERNELS
  if (wanted == kAvx512Kernels.name) {
    const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    return has ? &kAvx512Kernels : nullptr;
  }
  if (wanted == kAvx2Kernels.name) {
    const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return has ? &kAvx2Kernels : nullptr;
  }
#endif
  return wanted == kPortableKernels.name ? &kPortableKernels : nullptr;
}

namespace {

const Kernels*& chosen() {
  static const Kernels* best = [] {
    for (const char* name : {"AVX-512", "AVX2"}) {
      if (const Kernels* found = kernels_named(name)) return found;
    }
    return &kPortableKernels;
  }();
  return best;
}

}  // namespace

const Kernels& kernels() {
  return *chosen();
}

bool choose_kernels(const char* name) {
  const Kernels* found = kernels_named(name);
  if (found) chosen() = found;
  return found != nullptr;
}

}  // namespace laq::runtime
