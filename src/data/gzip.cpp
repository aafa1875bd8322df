#include "data/gzip.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <memory>

#include "core/error.hpp"

namespace laq::data {
namespace {

constexpr std::size_t kFirstGuess = std::size_t{1} << 16;
constexpr std::size_t kMostRatio = 1032;  // deflate cannot compress more

using Decompressor =
    std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>;

/// The size that the last four bytes of a gzip file claim: a hint, possibly a lie.
std::size_t claimed_size(std::string_view raw) {
  std::size_t size = 0;
  for (std::size_t i = 1; raw.size() >= 18 && i <= 4; ++i) {
    size = size << 8 | static_cast<unsigned char>(raw[raw.size() - i]);
  }
  return std::min(size, raw.size() * kMostRatio);
}

Error too_long(std::size_t most, const std::string& where) {
  return Error({.what = "content is too long",
                .where = where,
                .found = fmt::format("more than {} bytes", most),
                .expected = fmt::format("at most {}", most)});
}

}  // namespace

bool is_gzip(std::string_view raw) {
  return raw.starts_with("\x1f\x8b");
}

std::vector<std::uint8_t> unpack(std::string_view raw, std::size_t most, const std::string& where) {
  if (!is_gzip(raw)) {
    if (raw.size() > most) throw too_long(most, where);
    return {raw.begin(), raw.end()};
  }
  const Decompressor decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw Error({.what = "libdeflate does not start"});
  std::vector<std::uint8_t> content(std::min(most, std::max(claimed_size(raw), kFirstGuess)));
  std::size_t written = 0;
  while (is_gzip(raw)) {
    std::size_t used = 0, added = 0;
    const auto state = libdeflate_gzip_decompress_ex(decompressor.get(), raw.data(), raw.size(),
                                                     content.data() + written,
                                                     content.size() - written, &used, &added);
    if (state == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (content.size() == most) throw too_long(most, where);
      content.resize(std::min(most, 2 * content.size()));
      continue;
    }
    if (state != LIBDEFLATE_SUCCESS)
      throw Error({.what = "gzip archive is truncated or damaged", .where = where});
    written += added;
    raw.remove_prefix(used);
  }
  content.resize(written);
  return content;
}

}  // namespace laq::data
