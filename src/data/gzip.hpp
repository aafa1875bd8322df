#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laq::data {

/// Whether the bytes begin as a gzip file does.
bool is_gzip(std::string_view raw);

/// The content of a gzip file (all its members; bytes after the last are ignored, as gunzip does),
/// or `raw` itself when it is not gzip. At most `most` bytes are accepted and never much more is
/// allocated. Errors, beginning with `where`: truncated or damaged archive, content longer than
/// `most`.
std::vector<std::uint8_t> unpack(std::string_view raw, std::size_t most, const std::string& where);

}  // namespace laq::data
