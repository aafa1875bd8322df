#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace laq::runtime {

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
template <typename T>
using Block = std::unique_ptr<T[], Free>;

/// Memory for numbers that are all about to be written: not filled, and of large pages where it is
/// large, as the first touch of a small page costs more than writing it.
template <typename T>
Block<T> block(std::size_t count) {
  constexpr std::size_t kLargePage = std::size_t{1} << 21;
  const std::size_t bytes = count * sizeof(T), pages = bytes / kLargePage;
  void* memory = nullptr;
  if (::posix_memalign(&memory, pages > 0 ? kLargePage : alignof(std::max_align_t), bytes) != 0)
    throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (pages > 0) ::madvise(memory, pages * kLargePage, MADV_HUGEPAGE);
#endif
  return Block<T>(static_cast<T*>(memory));
}

}  // namespace laq::runtime
