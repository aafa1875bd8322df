#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace laq::analysis {

/// The characters of UTF-8 text; bytes that are not UTF-8 become U+FFFD.
std::u32string decode_utf8(std::string_view text);
std::string encode_utf8(std::u32string_view text);

/// Columns that text takes on a terminal: 2 for East Asian wide characters, 0 for combining marks.
std::size_t display_width(std::string_view text);

/// Valid UTF-8 on one line: control characters become spaces.
std::string one_line(std::string_view text);

}  // namespace laq::analysis
