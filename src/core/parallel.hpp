#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

// Compiles a function for AVX-512, AVX2 and plain x86-64 and picks one when the program is loaded.
// The resolver runs before the sanitizers are ready, so they get the plain version.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(LAQ_SANITIZE)
#define LAQ_VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LAQ_VECTORISED
#endif

// For templates that such a function calls: inlined, they are compiled for its instructions.
#define LAQ_INLINE __attribute__((always_inline)) inline

namespace laq {

/// Elements handled by one task. Fixed, so that sums do not depend on the number of threads.
inline constexpr std::size_t kChunk = 16384;

/// Calls `work(begin, count)` for every chunk of 0 … n − 1, in parallel (serially inside another
/// parallel loop).
template <typename Work>
void for_chunks(std::size_t n, const Work& work) {
  const std::size_t chunks = (n + kChunk - 1) / kChunk;
#pragma omp parallel for schedule(static) if (chunks > 1)
  for (std::size_t c = 0; c < chunks; ++c) work(c * kChunk, std::min(kChunk, n - c * kChunk));
}

/// Elements that stay in the innermost cache while several loops go over them.
inline constexpr std::size_t kCacheBlock = 256;
static_assert(kChunk % kCacheBlock == 0);

/// Calls `work(begin, count)` for every cache block, chunks in parallel, the blocks of a chunk in
/// order.
template <typename Work>
void for_cache_blocks(std::size_t n, const Work& work) {
  for_chunks(n, [&](std::size_t begin, std::size_t count) {
    for (std::size_t at = begin; at < begin + count; at += kCacheBlock) {
      work(at, std::min(kCacheBlock, begin + count - at));
    }
  });
}

/// Room for the marks of a cache block, as `for_marked` wants it.
struct Marks {
  alignas(64) unsigned char of[kCacheBlock + 8];
};

/// Calls `visit(i)` for every i < n whose mark is not 0, in order; fast where few are, as eight are
/// looked at together.
template <typename Visit>
void for_marked(Marks& marks, std::size_t n, const Visit& visit) {
  std::memset(marks.of + n, 0, 8);
  for (std::size_t at = 0; at < n; at += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, marks.of + at, 8);
    while (eight != 0) {
      const int bit = std::countr_zero(eight) & ~7;
      visit(at + static_cast<std::size_t>(bit) / 8);
      eight &= ~(std::uint64_t{255} << bit);
    }
  }
}

/// Adds up `part(begin, count)` over the chunks, always in the same order. `Sum` needs `+=`.
template <typename Sum, typename Part>
Sum sum_chunks(std::size_t n, const Part& part) {
  if (n <= kChunk) return n > 0 ? part(std::size_t{0}, n) : Sum{};
  std::vector<Sum> parts((n + kChunk - 1) / kChunk);
  for_chunks(
      n, [&](std::size_t begin, std::size_t count) { parts[begin / kChunk] = part(begin, count); });
  Sum total{};
  for (const Sum& one : parts) total += one;
  return total;
}

}  // namespace laq
