#include "data/svhn.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <matio.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

using Variable = std::unique_ptr<matvar_t, decltype(&Mat_VarFree)>;

/// v7.3 is HDF5 behind MATLAB's 512 bytes of text; libmatio would read it, but no such file was
/// published.
void refuse_hdf5(const fs::path& path) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::string head(520, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!head.starts_with("MATLAB 7.3") && head.substr(0, 8) != kSignature &&
      head.substr(512) != kSignature) {
    return;
  }
  throw Error({.what = "wrong kind of MATLAB file",
               .where = path.string(),
               .found = "v7.3 (HDF5)",
               .expected = "v5, as published"});
}

std::uint32_t word_at(const std::string& bytes, std::size_t at, bool big_endian) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    word = word << 8 | static_cast<unsigned char>(bytes[at + (big_endian ? i : 3 - i)]);
  }
  return word;
}

/// libmatio does not tell data that end early: every variable's size must fit into the file.
void refuse_truncated(const fs::path& path) {
  constexpr std::uint64_t kHeader = 128, kTag = 8;
  std::ifstream in(path, std::ios::binary);
  std::string head(kHeader, '\0'), tag(kTag, '\0');
  in.read(head.data(), kHeader);
  const bool big_endian = head.substr(126) == "MI";
  const std::uint64_t size = fs::file_size(path);
  std::uint64_t end = kHeader;
  while (in.seekg(static_cast<std::streamoff>(end)) && in.read(tag.data(), kTag)) {
    end += kTag + word_at(tag, 4, big_endian);
    if (end <= size) continue;
    throw Error({.what = "MATLAB file is truncated",
                 .where = path.string(),
                 .found = fmt::format("{} bytes", size),
                 .expected = fmt::format("at least {}", end)});
  }
}

std::string shape_text(const matvar_t& variable) {
  return fmt::format("{}", fmt::join(variable.dims, variable.dims + variable.rank, " x "));
}

std::size_t elements(const matvar_t& variable) {
  std::size_t product = 1;
  for (int i = 0; i < variable.rank; ++i) product *= variable.dims[i];
  return product;
}

Variable variable(mat_t* file, const char* name, bool with_data, const fs::path& path) {
  Variable found(with_data ? Mat_VarRead(file, name) : Mat_VarReadInfo(file, name), Mat_VarFree);
  if (found) return found;
  throw Error({.what = fmt::format("has no variable '{}' that can be read", name),
               .where = path.string(),
               .expected = "X and y"});
}

/// MATLAB stores columns; pictures are stored by rows here.
void transpose(std::uint8_t* picture, const std::vector<std::int64_t>& shape,
               std::vector<std::uint8_t>& columns) {
  const auto height = static_cast<std::size_t>(shape[1]),
             width = static_cast<std::size_t>(shape[2]);
  for (std::int64_t channel = 0; channel < shape[0]; ++channel, picture += height * width) {
    std::copy_n(picture, height * width, columns.begin());
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) picture[y * width + x] = columns[x * height + y];
    }
  }
}

}  // namespace

void SvhnFile::Close::operator()(_mat_t* file) const {
  Mat_Close(file);
}

SvhnFile::SvhnFile(const DatasetSpec& spec, fs::path path)
    : path_(std::move(path)), shape_(spec.shape) {
  refuse_hdf5(path_);
  file_.reset(Mat_Open(path_.c_str(), MAT_ACC_RDONLY));
  if (!file_ || Mat_GetVersion(file_.get()) != MAT_FT_MAT5) {
    throw Error({.what = "is not a MATLAB v5 file", .where = path_.string()});
  }
  refuse_truncated(path_);
  read_labels(spec.classes);
  check_pictures(spec.shape);
}

void SvhnFile::read_labels(std::int64_t classes) {
  const Variable y = variable(file_.get(), "y", true, path_);
  const bool bytes = y->class_type == MAT_C_UINT8, doubles = y->class_type == MAT_C_DOUBLE;
  if (!y->data || (!bytes && !doubles) || y->rank != 2 || std::min(y->dims[0], y->dims[1]) != 1) {
    throw Error({.what = "variable 'y' is not a vector of uint8 or double",
                 .where = path_.string(),
                 .found = shape_text(*y)});
  }
  labels_.resize(elements(*y));
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const double label = bytes ? static_cast<const std::uint8_t*>(y->data)[i]
                               : static_cast<const double*>(y->data)[i];
    const auto whole =
        label >= 1 && label <= static_cast<double>(classes) ? static_cast<std::int64_t>(label) : 0;
    if (whole == 0 || static_cast<double>(whole) != label) {
      throw Error({.what = fmt::format("label {} is out of range", i),
                   .where = path_.string(),
                   .found = fmt::format("{}", label),
                   .expected = fmt::format("1 to {}", classes)});
    }
    labels_[i] = static_cast<std::uint8_t>(whole % classes);  // "10" is the digit 0
  }
}

void SvhnFile::check_pictures(const std::vector<std::int64_t>& shape) {
  const Variable x = variable(file_.get(), "X", false, path_);
  const std::string expected =
      fmt::format("uint8, {} x {} x {} x {}", shape[1], shape[2], shape[0], count());
  const bool good = x->class_type == MAT_C_UINT8 && !x->isComplex && x->rank == 4 &&
                    std::cmp_equal(x->dims[0], shape[1]) && std::cmp_equal(x->dims[1], shape[2]) &&
                    std::cmp_equal(x->dims[2], shape[0]) && std::cmp_equal(x->dims[3], count());
  // libmatio counts elements in an int.
  if (!good || elements(*x) > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(
        {.what = "variable 'X' has another type or shape than pictures for 'y'",
         .where = path_.string(),
         .found = (x->class_type == MAT_C_UINT8 ? "uint8, " : "not uint8, ") + shape_text(*x),
         .expected = expected});
  }
}

void SvhnFile::read(std::uint8_t* pixels) {
  const Variable x = variable(file_.get(), "X", false, path_);
  const auto count_all = static_cast<int>(elements(*x));
  if (Mat_VarReadDataLinear(file_.get(), x.get(), pixels, 0, 1, count_all) != 0) {
    throw Error({.what = "variable 'X' is damaged or ends early", .where = path_.string()});
  }
  const auto features = static_cast<std::size_t>(shape_[0] * shape_[1] * shape_[2]);
  const auto plane = static_cast<std::size_t>(shape_[1] * shape_[2]);
  for_chunks(labels_.size(), [&](std::size_t begin, std::size_t rows) {
    std::vector<std::uint8_t> columns(plane);
    for (std::size_t row = begin; row < begin + rows; ++row) {
      transpose(pixels + row * features, shape_, columns);
    }
  });
}

}  // namespace laq::data
