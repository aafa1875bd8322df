#include "record/checksum.hpp"

#include <zlib.h>

namespace laq::record {

Crc32& Crc32::add(std::span<const std::byte> bytes) {
  value_ = static_cast<std::uint32_t>(
      ::crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  return *this;
}

Crc32& Crc32::add(std::string_view text) {
  return add(std::uint64_t{text.size()}).add(std::as_bytes(std::span(text)));
}

Crc32& Crc32::add(std::uint64_t number) {
  return add(std::as_bytes(std::span(&number, 1)));
}

}  // namespace laq::record
