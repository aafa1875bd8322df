#include "data/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "core/error.hpp"

namespace laq::data {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kFirstGuess = std::size_t{1} << 16;
constexpr std::size_t kMostRatio = 1032;  // deflate cannot compress more

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw Error({.what = "zlib does not start"});
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
};

/// zlib counts in 32 bits.
uInt step(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

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
  Inflater inflater;
  // One byte more than allowed, so that content that is too long shows.
  std::vector<std::uint8_t> content(std::min(most, std::max(claimed_size(raw), kFirstGuess)) + 1);
  std::size_t used = 0;
  std::size_t written = 0;
  while (true) {
    if (written == content.size()) {
      if (written > most) throw too_long(most, where);
      content.resize(std::min(most, 2 * written) + 1);
    }
    const uInt given = step(raw.size() - used);
    const uInt room = step(content.size() - written);
    inflater->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data() + used));
    inflater->avail_in = given;
    inflater->next_out = content.data() + written;
    inflater->avail_out = room;
    const int state = inflate(inflater.get(), Z_NO_FLUSH);
    used += given - inflater->avail_in;
    written += room - inflater->avail_out;
    if (state == Z_STREAM_END) {
      if (!is_gzip(raw.substr(used))) break;
      inflateReset(inflater.get());
    } else if (state == Z_BUF_ERROR && used == raw.size()) {
      throw Error({.what = "gzip archive is truncated",
                   .where = where,
                   .found = fmt::format("its end after {} bytes", raw.size()),
                   .expected = "more"});
    } else if (state != Z_OK && state != Z_BUF_ERROR) {
      throw Error({.what = fmt::format("gzip archive is damaged ({})",
                                       inflater->msg ? inflater->msg : "zlib refuses it"),
                   .where = where});
    }
  }
  if (written > most) throw too_long(most, where);
  content.resize(written);
  return content;
}

}  // namespace laq::data
