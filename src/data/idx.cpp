#include "data/idx.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "core/error.hpp"

namespace laq::data {
namespace {

constexpr std::uint32_t kImages = 0x00000803;
constexpr std::uint32_t kLabels = 0x00000801;

std::uint32_t word_at(std::span<const std::uint8_t> bytes, std::size_t index) {
  std::uint32_t word = 0;
  for (const std::uint8_t byte : bytes.subspan(4 * index, 4)) word = word << 8 | byte;
  return word;
}

template <std::size_t Rank>
std::array<std::uint32_t, Rank> read_sizes(std::span<const std::uint8_t> bytes, std::uint32_t magic,
                                           const std::string& where) {
  constexpr std::size_t header = 4 * (Rank + 1);
  // The magic number first: a file of another kind may be shorter than this header.
  if (bytes.size() >= 4 && word_at(bytes, 0) != magic) {
    throw Error({.what = "wrong IDX magic number",
                 .where = where,
                 .found = fmt::format("{:#010x}", word_at(bytes, 0)),
                 .expected = fmt::format("{:#010x}", magic)});
  }
  if (bytes.size() < header) {
    throw Error({.what = "too short for an IDX header",
                 .where = where,
                 .found = fmt::format("{} bytes", bytes.size()),
                 .expected = fmt::format("at least {}", header)});
  }
  std::array<std::uint32_t, Rank> sizes{};
  std::string shape;
  std::uint64_t left = bytes.size() - header;  // shrinks by division: the product may overflow
  bool exact = true;
  for (std::size_t i = 0; i < Rank; ++i) {
    sizes[i] = word_at(bytes, i + 1);
    shape += fmt::format("{}{}", i ? "x" : "", sizes[i]);
    if (sizes[i] == 0) continue;
    exact = exact && left % sizes[i] == 0;
    left /= sizes[i];
  }
  for (const std::uint32_t size : sizes) {
    if (size == 0) {
      throw Error({.what = "IDX header gives a size of zero", .where = where, .found = shape});
    }
  }
  if (!exact || left != 1) {
    throw Error({.what = "length does not fit the IDX header",
                 .where = where,
                 .found = fmt::format("{} bytes after the header", bytes.size() - header),
                 .expected = shape});
  }
  return sizes;
}

}  // namespace

IdxImages parse_idx_images(std::span<const std::uint8_t> bytes, const std::string& where) {
  const auto [count, height, width] = read_sizes<3>(bytes, kImages, where);
  return {.count = count, .height = height, .width = width, .pixels = bytes.subspan(16)};
}

std::span<const std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> bytes,
                                               const std::string& where) {
  read_sizes<1>(bytes, kLabels, where);
  return bytes.subspan(8);
}

}  // namespace laq::data
