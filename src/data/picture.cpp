#include "data/picture.hpp"

#include <fmt/format.h>
#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <memory>

#include "core/error.hpp"

namespace laq::data {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Shape = std::vector<std::int64_t>;

bool starts_with(Bytes bytes, std::initializer_list<std::uint8_t> magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

void check_size(std::int64_t height, std::int64_t width, const Shape& shape,
                const std::string& where) {
  if (height == shape[1] && width == shape[2]) return;
  throw Error({.what = "picture has another size (height x width)",
               .where = where,
               .found = fmt::format("{} x {}", height, width),
               .expected = fmt::format("{} x {}", shape[1], shape[2])});
}

Error corrupt(const char* format, const char* reason, const std::string& where) {
  return Error({.what = fmt::format("{} is corrupt ({})", format, reason), .where = where});
}

/// The decoders write height × width × channels.
void to_planes(const std::vector<std::uint8_t>& mixed, const Shape& shape, std::uint8_t* out) {
  const auto channels = static_cast<std::size_t>(shape[0]);
  const std::size_t plane = mixed.size() / channels;
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t c = 0; c < channels; ++c) out[c * plane + i] = mixed[i * channels + c];
  }
}

bool is_jpeg(Bytes bytes) {
  return starts_with(bytes, {0xff, 0xd8, 0xff});
}

bool is_png(Bytes bytes) {
  return starts_with(bytes, {0x89, 'P', 'N', 'G'});
}

Error neither(const std::string& where) {
  return Error({.what = "is neither a JPEG nor a PNG picture", .where = where});
}

/// A JPEG whose head was read.
struct Jpeg {
  std::unique_ptr<void, int (*)(void*)> decoder{tjInitDecompress(), tjDestroy};
  int width = 0, height = 0, colours = 0;

  Jpeg(Bytes bytes, const std::string& where) {
    if (!decoder) throw Error({.what = "libjpeg-turbo does not start"});
    int sampling = 0;
    if (tjDecompressHeader3(decoder.get(), bytes.data(), bytes.size(), &width, &height, &sampling,
                            &colours) != 0) {
      throw corrupt("JPEG", tjGetErrorStr2(decoder.get()), where);
    }
    if (width < 1 || height < 1) throw corrupt("JPEG", "it ends before the picture", where);
  }
};

/// A PNG whose head was read.
struct Png {
  png_image image{};

  Png(Bytes bytes, const std::string& where) {
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
      throw corrupt("PNG", image.message, where);
  }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() { png_image_free(&image); }
};

void decode_jpeg(Bytes bytes, const Shape& shape, const std::string& where,
                 std::vector<std::uint8_t>& mixed) {
  const auto [decoder, width, height, colours] = Jpeg(bytes, where);
  check_size(height, width, shape, where);
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
    throw Error({.what = "JPEG has CMYK colours", .where = where, .expected = "grey or RGB"});
  }
  // A warning is told as an error: data that ends early is one.
  if (tjDecompress2(decoder.get(), bytes.data(), bytes.size(), mixed.data(), width, 0, height,
                    shape[0] == 1 ? TJPF_GRAY : TJPF_RGB,
                    TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING) != 0) {
    throw corrupt("JPEG", tjGetErrorStr2(decoder.get()), where);
  }
}

void decode_png(Bytes bytes, const Shape& shape, const std::string& where,
                std::vector<std::uint8_t>& mixed) {
  Png png(bytes, where);
  png_image& image = png.image;
  check_size(image.height, image.width, shape, where);
  if (image.format & PNG_FORMAT_FLAG_ALPHA) {
    throw Error({.what = "PNG has transparency", .where = where, .expected = "opaque pictures"});
  }
  image.format = shape[0] == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  if (!png_image_finish_read(&image, nullptr, mixed.data(), 0, nullptr)) {
    throw corrupt("PNG", image.message, where);
  }
}

}  // namespace

void decode_picture(Bytes bytes, const Shape& shape, const std::string& where, std::uint8_t* out) {
  if (shape[0] != 1 && shape[0] != 3) {
    throw Error({.what = "pictures in files have 1 or 3 channels",
                 .where = where,
                 .found = std::to_string(shape[0])});
  }
  std::vector<std::uint8_t> mixed(static_cast<std::size_t>(shape[0] * shape[1] * shape[2]));
  if (is_jpeg(bytes)) {
    decode_jpeg(bytes, shape, where, mixed);
  } else if (is_png(bytes)) {
    decode_png(bytes, shape, where, mixed);
  } else {
    throw neither(where);
  }
  to_planes(mixed, shape, out);
}

std::vector<std::int64_t> picture_shape(Bytes bytes, const std::string& where) {
  if (is_jpeg(bytes)) {
    const Jpeg jpeg(bytes, where);
    return {jpeg.colours == TJCS_GRAY ? 1 : 3, jpeg.height, jpeg.width};
  }
  if (!is_png(bytes)) throw neither(where);
  const Png png(bytes, where);
  return {png.image.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1, png.image.height, png.image.width};
}

}  // namespace laq::data
