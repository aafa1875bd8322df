#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace laq::record {

/// CRC-32 (that of zlib and gzip), computed over pieces.
class Crc32 {
 public:
  Crc32& add(std::span<const std::byte> bytes);
  /// With its length, so that "ab","c" differs from "a","bc".
  Crc32& add(std::string_view text);
  Crc32& add(std::uint64_t number);
  std::int64_t value() const { return static_cast<std::int64_t>(value_); }

 private:
  std::uint32_t value_ = 0;
};

}  // namespace laq::record
