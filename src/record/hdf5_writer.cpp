#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5_hl.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/files.hpp"
#include "record/hdf5.hpp"
#include "record/hdf5_handle.hpp"
#include "record/memory_file.hpp"

namespace laq::record {
namespace fs = std::filesystem;
namespace {

// Arrays that are placed start at pages of their own; those that are written are compressed when
// they are longer.
constexpr hsize_t kPage = 4096;
constexpr unsigned kDeflateLevel = 4;

}  // namespace

Hdf5Writer::Hdf5Writer(const fs::path& name, const std::string& memory) : name_(name) {
  silence_hdf5();
  const Handle access =
      checked(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot make", name_.string());
  // The 1.8 format has checksums over its structure and no limit on an object's attributes.
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
  H5Pset_alignment(access, kPage, kPage);
  const Handle created =
      checked(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "cannot make", name_.string());
  H5Pset_link_creation_order(created, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  // HDF5's other drivers resolve links, and the file in memory has no name to resolve to.
  H5Pset_fapl_stdio(access);
  const hid_t id = H5Fcreate(memory.c_str(), H5F_ACC_TRUNC, created, access);
  if (id < 0) throw_hdf5("cannot make a file in memory", name_.string());
  file_ = std::make_shared<Handle>(id, H5Fclose);
}

std::string Hdf5Writer::where(const std::string& path) const {
  return name_.string() + ":" + path;
}

void Hdf5Writer::group(const std::string& path) {
  if (!path.starts_with('/')) {
    throw Error({.what = "paths start with '/'", .where = where(path)});
  }
  const Handle created = checked(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, "cannot make", where(path));
  H5Pset_link_creation_order(created, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  for (std::size_t end = path.find('/', 1); path.size() > 1; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (H5Lexists(*file_, part.c_str(), H5P_DEFAULT) <= 0) {
      checked(H5Gcreate2(*file_, part.c_str(), H5P_DEFAULT, created, H5P_DEFAULT), H5Gclose,
              "cannot make a group", where(part));
    }
    if (end == std::string::npos) break;
  }
}

Handle Hdf5Writer::make_dataset(const std::string& path, std::int64_t type, const Shape& shape,
                                std::size_t given, bool allocate) {
  if (element_count(shape) != given) {
    throw Error({.what = "the shape does not fit the values",
                 .where = where(path),
                 .found = fmt::format("{} values", given),
                 .expected = fmt::format("{}", fmt::join(shape, " x "))});
  }
  group(path.substr(0, std::max<std::size_t>(1, path.rfind('/'))));
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space = checked(
      sizes.empty() ? H5Screate(H5S_SCALAR)
                    : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
      H5Sclose, "cannot make", where(path));
  const Handle created =
      checked(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "cannot make", where(path));
  if (allocate) {
    H5Pset_alloc_time(created, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(created, H5D_FILL_TIME_NEVER);
  } else if (given * H5Tget_size(type) > kPage) {
    H5Pset_chunk(created, static_cast<int>(sizes.size()), sizes.data());
    H5Pset_shuffle(created);
    H5Pset_deflate(created, kDeflateLevel);
  }
  return checked(H5Dcreate2(*file_, path.c_str(), type, space, H5P_DEFAULT, created, H5P_DEFAULT),
                 H5Dclose, "cannot make a dataset", where(path));
}

template <Number T>
void Hdf5Writer::write(const std::string& path, std::span<const T> values, const Shape& shape) {
  const Handle dataset = make_dataset(path, native_type<T>(), shape, values.size(), false);
  if (values.empty()) return;
  check_status(H5Dwrite(dataset, native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
               "cannot write", where(path));
}

template <Number T>
void Hdf5Writer::place(const std::string& path, std::span<const T> values, const Shape& shape) {
  const Handle dataset = make_dataset(path, native_type<T>(), shape, values.size(), true);
  if (values.empty()) return;
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF) throw_hdf5("cannot place a dataset", where(path));
  placed_.push_back({offset, std::as_bytes(values)});
}

Handle Hdf5Writer::open_object(const std::string& path) const {
  return checked(H5Oopen(*file_, path.c_str(), H5P_DEFAULT), H5Oclose, "cannot open", where(path));
}

void Hdf5Writer::attribute(const std::string& path, const std::string& name, std::int64_t type,
                           const Shape& shape, const void* value) {
  const std::string place = where(path) + " attribute " + name;
  const Handle object = open_object(path);
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space = checked(
      sizes.empty() ? H5Screate(H5S_SCALAR)
                    : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
      H5Sclose, "cannot make", place);
  const Handle attribute =
      checked(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
              "cannot make", place);
  if (element_count(shape) > 0) {
    check_status(H5Awrite(attribute, type, value), "cannot write", place);
  }
}

void Hdf5Writer::text(const std::string& path, const std::string& name, std::string_view value) {
  if (value.find('\0') != std::string_view::npos) {
    throw Error({.what = "text with a zero byte cannot be stored",
                 .where = where(path) + " attribute " + name});
  }
  // Of variable length: h5py gives such text back as str, fixed lengths as bytes.
  const Handle type = checked(H5Tcopy(H5T_C_S1), H5Tclose, "cannot make", where(path));
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const std::string copy(value);
  const char* start = copy.c_str();
  attribute(path, name, type, {}, &start);
}

void Hdf5Writer::integer(const std::string& path, const std::string& name, std::int64_t value) {
  attribute(path, name, H5T_NATIVE_INT64, {}, &value);
}

void Hdf5Writer::integers(const std::string& path, const std::string& name,
                          std::span<const std::int64_t> values) {
  attribute(path, name, H5T_NATIVE_INT64, {values.size()}, values.data());
}

void Hdf5Writer::real(const std::string& path, const std::string& name, double value) {
  attribute(path, name, H5T_NATIVE_DOUBLE, {}, &value);
}

void Hdf5Writer::reals(const std::string& path, const std::string& name,
                       std::span<const double> values) {
  attribute(path, name, H5T_NATIVE_DOUBLE, {values.size()}, values.data());
}

void Hdf5Writer::make_scale(const std::string& path, const std::string& name) {
  const Handle dataset = open_object(path);
  check_status(H5DSset_scale(dataset, name.c_str()), "cannot make a dimension scale", where(path));
}

void Hdf5Writer::attach_scale(const std::string& dataset, unsigned dimension,
                              const std::string& scale) {
  const Handle data = open_object(dataset);
  const Handle index = open_object(scale);
  check_status(H5DSattach_scale(data, index, dimension), "cannot attach a dimension scale",
               where(dataset));
}

void Hdf5Writer::close() {
  if (!file_->close()) {
    throw_hdf5("cannot finish the file", name_.string());
  }
}

void write_hdf5(const fs::path& file, const std::function<void(Hdf5Writer&)>& fill) {
  const MemoryFile memory(file);
  Hdf5Writer writer(file, memory.path());
  fill(writer);
  writer.close();
  replace_file(file, [&](const fs::path& temporary) { memory.save(temporary, writer.placed_); });
}

template void Hdf5Writer::write(const std::string&, std::span<const float>, const Shape&);
template void Hdf5Writer::write(const std::string&, std::span<const double>, const Shape&);
template void Hdf5Writer::write(const std::string&, std::span<const std::int8_t>, const Shape&);
template void Hdf5Writer::write(const std::string&, std::span<const std::int16_t>, const Shape&);
template void Hdf5Writer::write(const std::string&, std::span<const std::int32_t>, const Shape&);
template void Hdf5Writer::write(const std::string&, std::span<const std::int64_t>, const Shape&);
template void Hdf5Writer::write(const std::string&, std::span<const std::uint8_t>, const Shape&);
template void Hdf5Writer::place(const std::string&, std::span<const float>, const Shape&);
template void Hdf5Writer::place(const std::string&, std::span<const double>, const Shape&);
template void Hdf5Writer::place(const std::string&, std::span<const std::int8_t>, const Shape&);
template void Hdf5Writer::place(const std::string&, std::span<const std::int16_t>, const Shape&);
template void Hdf5Writer::place(const std::string&, std::span<const std::int32_t>, const Shape&);
template void Hdf5Writer::place(const std::string&, std::span<const std::int64_t>, const Shape&);
template void Hdf5Writer::place(const std::string&, std::span<const std::uint8_t>, const Shape&);

}  // namespace laq::record
