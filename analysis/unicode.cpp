#include "analysis/unicode.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace laq::analysis {
namespace {

constexpr char32_t kBad = U'\uFFFD';
using Ranges = std::pair<char32_t, char32_t>;

// Combining marks, joiners and variation selectors.
constexpr std::array<Ranges, 6> kNarrowest{{{0x300, 0x36F},
                                            {0x1AB0, 0x1AFF},
                                            {0x1DC0, 0x1DFF},
                                            {0x200B, 0x200F},
                                            {0x20D0, 0x20FF},
                                            {0xFE00, 0xFE0F}}};
// East Asian wide and fullwidth blocks, emoji.
constexpr std::array<Ranges, 8> kWide{{{0x1100, 0x115F},
                                       {0x2E80, 0xA4CF},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0x1F300, 0x1FAFF},
                                       {0x20000, 0x3FFFD}}};

template <std::size_t N>
bool in(const std::array<Ranges, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Ranges& range) { return range.first <= c && c <= range.second; });
}

// Decodes the character at `at` and moves on; one byte at a time over what is not UTF-8.
char32_t next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at++);
  if (lead < 0x80) return lead;
  const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || text.size() - at < more) return kBad;
  char32_t c = lead & (0x3Fu >> more);
  for (std::size_t i = 0; i < more; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return kBad;
    c = c << 6 | (byte(at + i) & 0x3Fu);
  }
  constexpr std::array<char32_t, 4> least{0, 0x80, 0x800, 0x10000};
  if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return kBad;
  at += more;
  return c;
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string result;
  for (std::size_t at = 0; at < text.size();) result += next(text, at);
  return result;
}

std::string encode_utf8(std::u32string_view text) {
  std::string result;
  const auto tail = [&](char32_t c, int shift) {
    result += static_cast<char>(0x80 | (c >> shift & 0x3F));
  };
  for (const char32_t c : text) {
    if (c < 0x80) {
      result += static_cast<char>(c);
    } else if (c < 0x800) {
      result += static_cast<char>(0xC0 | c >> 6);
      tail(c, 0);
    } else if (c < 0x10000) {
      result += static_cast<char>(0xE0 | c >> 12);
      tail(c, 6);
      tail(c, 0);
    } else {
      result += static_cast<char>(0xF0 | c >> 18);
      tail(c, 12);
      tail(c, 6);
      tail(c, 0);
    }
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char32_t c : decode_utf8(text)) {
    width += is_control(c) || in(kNarrowest, c) ? 0 : in(kWide, c) ? 2 : 1;
  }
  return width;
}

std::string one_line(std::string_view text) {
  std::u32string characters = decode_utf8(text);
  std::replace_if(characters.begin(), characters.end(), is_control, U' ');
  return encode_utf8(characters);
}

}  // namespace laq::analysis
