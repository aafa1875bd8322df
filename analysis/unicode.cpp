#include "analysis/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace laq::analysis {
namespace {

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string result;
  while (!text.empty()) {
    utf8proc_int32_t c = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &c);
    result += length > 0 ? static_cast<char32_t>(c) : U'\uFFFD';
    text.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  }
  return result;
}

std::string encode_utf8(std::u32string_view text) {
  std::string result;
  for (const char32_t c : text) {
    utf8proc_uint8_t bytes[4];
    const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
    result.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char32_t c : decode_utf8(text))
    width += static_cast<std::size_t>(
        is_control(c) ? 0 : std::max(0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(c))));
  return width;
}

std::string one_line(std::string_view text) {
  std::u32string characters = decode_utf8(text);
  std::replace_if(characters.begin(), characters.end(), is_control, U' ');
  return encode_utf8(characters);
}

}  // namespace laq::analysis
