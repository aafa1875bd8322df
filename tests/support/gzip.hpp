#pragma once

#include <libdeflate.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace laq::test {

inline std::string gzip(const std::string& content) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  std::string packed(libdeflate_gzip_compress_bound(compressor.get(), content.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), content.data(), content.size(),
                                         packed.data(), packed.size()));
  return packed;
}

/// Of one member, whose last four bytes are the content's size.
inline std::string gunzip(const std::string& packed) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  std::size_t size = 0;
  for (std::size_t i = 1; i <= 4; ++i)
    size = size << 8 | static_cast<unsigned char>(packed.at(packed.size() - i));
  std::string content(size, '\0');
  if (libdeflate_gzip_decompress(decompressor.get(), packed.data(), packed.size(), content.data(),
                                 size, nullptr) != LIBDEFLATE_SUCCESS)
    throw std::runtime_error("not gzip");
  return content;
}

}  // namespace laq::test
