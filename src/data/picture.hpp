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

/// [channels, height, width] of a JPEG or PNG: 1 channel where it is grey, otherwise 3. Errors: as
/// of `decode_picture`, as far as the file's head tells.
std::vector<std::int64_t> picture_shape(std::span<const std::uint8_t> bytes,
                                        const std::string& where);

}  // namespace laq::data
