#include "record/hdf5.hpp"

#include <fmt/format.h>

#include <limits>

#include "core/error.hpp"
#include "record/hdf5_handle.hpp"

namespace laq::record {
namespace {

herr_t keep_first(unsigned depth, const H5E_error2_t* error, void* message) {
  if (depth == 0 && error->desc) *static_cast<std::string*>(message) = error->desc;
  return 0;
}

std::string type_text(hid_t type) {
  const std::size_t bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return fmt::format("{}int{}", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
    case H5T_FLOAT:
      return fmt::format("float{}", bits);
    case H5T_STRING:
      return "string";
    case H5T_COMPOUND:
      return "compound";
    case H5T_ENUM:
      return "enumeration";
    case H5T_REFERENCE:
      return "reference";
    case H5T_VLEN:
      return "variable-length";
    case H5T_ARRAY:
      return "array";
    default:
      return "opaque";
  }
}

}  // namespace

std::size_t element_count(const Shape& shape) {
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
  std::size_t count = 1;
  for (const std::size_t size : shape) {
    if (size == 0) return 0;
  }
  for (const std::size_t size : shape) {
    if (count > kMost / size) throw Error({.what = "an array is too large for this machine"});
    count *= size;
  }
  return count;
}

DatasetAddress parse_address(const std::string& word) {
  const auto mark = word.rfind(":/");
  if (mark == std::string::npos || mark == 0) {
    throw usage_error({.what = "does not name a dataset",
                       .found = "'" + word + "'",
                       .expected = "FILE.h5:/path"});
  }
  return {word.substr(0, mark), word.substr(mark + 1)};
}

void silence_hdf5() {
  // After a failed write the library's own shutdown crashes; what is open is closed by its handle.
  [[maybe_unused]] static const herr_t once = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void throw_hdf5(const std::string& what, const std::string& where, const std::string& advice) {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  throw Error({.what = reason.empty() ? what : what + ": " + reason + " (HDF5)",
               .where = where,
               .advice = advice});
}

Handle checked(hid_t id, Handle::Close close, const std::string& what, const std::string& where) {
  if (id < 0) throw_hdf5(what, where);
  return {id, close};
}

void check_status(herr_t status, const std::string& what, const std::string& where) {
  if (status < 0) throw_hdf5(what, where);
}

Content content_of(hid_t type, hid_t space, const std::string& where) {
  if (type < 0 || space < 0) throw_hdf5("cannot read type and shape", where);
  Content content;
  content.type = type_text(type);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_FLOAT) content.kind = Content::Kind::floating;
  if (kind == H5T_INTEGER) content.kind = Content::Kind::integer;
  if (kind == H5T_STRING) content.kind = Content::Kind::text;
  hsize_t sizes[H5S_MAX_RANK] = {};
  const int rank = H5Sget_simple_extent_dims(space, sizes, nullptr);
  if (rank < 0) throw_hdf5("cannot read the shape", where);
  content.shape.assign(sizes, sizes + rank);
  // HDF5's null dataspace has no dimensions and no elements.
  if (H5Sget_simple_extent_type(space) == H5S_NULL) content.shape = {0};
  return content;
}

}  // namespace laq::record
