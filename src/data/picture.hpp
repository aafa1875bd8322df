#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace laq::data {

/// Decodes a JPEG or PNG (told apart by content) into `out`, channels × height × width bytes;
/// `shape` is [channels, height, width] with 1 (grey) or 3 (red, green, blue) channels, to which
/// the picture's colours are converted. Errors, beginning with `where`: neither JPEG nor PNG,
/// corrupt or truncated, another size, colours without a conversion (CMYK, transparency).
void decode_picture(std::span<const std::uint8_t> bytes, const std::vector<std::int64_t>& shape,
                    const std::string& where, std::uint8_t* out);

}  // namespace laq::data
