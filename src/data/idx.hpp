#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace laq::data {

/// Grey pictures of an IDX file, a view of its bytes: `pixels` is count × height × width.
struct IdxImages {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::span<const std::uint8_t> pixels;
};

/// Reads IDX images (magic number 0x00000803, then count, height, width, big-endian). Safe for any
/// input. Errors, beginning with `where`: too short for a header, wrong magic number, a size of
/// zero, more or fewer bytes than the sizes say.
IdxImages parse_idx_images(std::span<const std::uint8_t> bytes, const std::string& where);

/// Reads IDX labels (magic number 0x00000801, then count); the errors of `parse_idx_images`.
std::span<const std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> bytes,
                                               const std::string& where);

}  // namespace laq::data
