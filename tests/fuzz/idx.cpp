#include "data/idx.hpp"

#include "data/gzip.hpp"
#include "fuzz.hpp"

using namespace laq;

// IDX files, packed or not.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 1u << 20;
  fuzz::read([&] {
    const auto bytes = data::unpack(fuzz::text_of(data, size), kMost, "fuzz");
    fuzz::read([&] {
      const data::IdxImages images = data::parse_idx_images(bytes, "fuzz");
      const auto pixels = static_cast<std::size_t>(images.count * images.height * images.width);
      if (images.pixels.size() != pixels) __builtin_trap();
    });
    fuzz::read([&] {
      if (data::parse_idx_labels(bytes, "fuzz").size() + 8 != bytes.size()) __builtin_trap();
    });
  });
  return 0;
}
