#include "support/picture_files.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <matio.h>
#include <png.h>
#include <turbojpeg.h>

#include <memory>
#include <stdexcept>

#include "core/files.hpp"

namespace laq::test {
namespace {

void need(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

std::string encode_jpeg(const std::vector<std::uint8_t>& pixels, int height, int width, int format,
                        int sampling) {
  const tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const int failed = tjCompress2(encoder, pixels.data(), width, 0, height, format, &bytes, &size,
                                 sampling, 100, TJFLAG_ACCURATEDCT);
  std::string content(reinterpret_cast<char*>(bytes), failed ? 0 : size);
  tjFree(bytes);
  tjDestroy(encoder);
  need(!failed, "tjCompress2");
  return content;
}

void write_variable(mat_t* file, const char* name, matio_classes kind, matio_types type,
                    std::vector<std::size_t> shape, void* data, bool packed) {
  matvar_t* variable = Mat_VarCreate(name, kind, type, static_cast<int>(shape.size()), shape.data(),
                                     data, MAT_F_DONT_COPY_DATA);
  const int failed =
      Mat_VarWrite(file, variable, packed ? MAT_COMPRESSION_ZLIB : MAT_COMPRESSION_NONE);
  Mat_VarFree(variable);
  need(!failed, "Mat_VarWrite");
}

}  // namespace

std::string tar_gz(const Members& members) {
  std::size_t size = 1 << 16;
  for (const auto& [path, content] : members) size += 2 * content.size() + 2048;
  std::string packed(size, '\0');
  std::size_t used = 0;
  const std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(),
                                                                       archive_write_free);
  archive_write_add_filter_gzip(writer.get());
  archive_write_set_format_ustar(writer.get());
  archive_write_open_memory(writer.get(), packed.data(), packed.size(), &used);
  for (const auto& [path, content] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    need(archive_write_header(writer.get(), entry) == ARCHIVE_OK, "archive_write_header");
    archive_entry_free(entry);
    archive_write_data(writer.get(), content.data(), content.size());
  }
  need(archive_write_close(writer.get()) == ARCHIVE_OK, "archive_write_close");
  packed.resize(used);
  return packed;
}

std::string jpeg(int height, int width, Colour colour) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < height * width; ++i) {
    pixels.insert(pixels.end(), {colour.red, colour.green, colour.blue});
  }
  return encode_jpeg(pixels, height, width, TJPF_RGB, TJSAMP_444);
}

std::string grey_jpeg(int height, int width, std::uint8_t grey) {
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height * width), grey);
  return encode_jpeg(pixels, height, width, TJPF_GRAY, TJSAMP_GRAY);
}

std::string png(int height, int width, Colour colour, bool alpha) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < height * width; ++i) {
    const bool black = i % width == 0;
    for (const std::uint8_t value : {colour.red, colour.green, colour.blue}) {
      pixels.push_back(black ? std::uint8_t{0} : value);
    }
    if (alpha) pixels.push_back(128);
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(height);
  image.width = static_cast<png_uint_32>(width);
  image.format = alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  std::string content(1 << 16, '\0');
  png_alloc_size_t size = content.size();
  need(png_image_write_to_memory(&image, content.data(), &size, 0, pixels.data(), 0, nullptr),
       "png_image_write_to_memory");
  content.resize(size);
  return content;
}

std::string mat(MatContent content, const std::filesystem::path& scratch) {
  mat_t* file = Mat_CreateVer(scratch.c_str(), nullptr, MAT_FT_MAT5);
  need(file, "Mat_CreateVer");
  if (!content.x_shape.empty() && content.x_doubles) {
    std::vector<double> values(content.x.begin(), content.x.end());
    write_variable(file, "X", MAT_C_DOUBLE, MAT_T_DOUBLE, content.x_shape, values.data(),
                   content.packed);
  } else if (!content.x_shape.empty()) {
    write_variable(file, "X", MAT_C_UINT8, MAT_T_UINT8, content.x_shape, content.x.data(),
                   content.packed);
  }
  if (!content.y.empty() && content.doubles) {
    write_variable(file, "y", MAT_C_DOUBLE, MAT_T_DOUBLE, {content.y.size(), 1}, content.y.data(),
                   content.packed);
  } else if (!content.y.empty()) {
    std::vector<std::uint8_t> labels(content.y.begin(), content.y.end());
    write_variable(file, "y", MAT_C_UINT8, MAT_T_UINT8, {labels.size(), 1}, labels.data(),
                   content.packed);
  }
  Mat_Close(file);
  return read_file(scratch);
}

}  // namespace laq::test
