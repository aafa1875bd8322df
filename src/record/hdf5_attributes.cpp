#include <utility>

#include "core/error.hpp"
#include "core/text.hpp"
#include "record/hdf5.hpp"
#include "record/hdf5_handle.hpp"

namespace laq::record {
namespace {

herr_t collect_name(hid_t, const char* name, const H5A_info_t*, void* list) {
  try {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  } catch (const std::exception&) {
    return -1;  // an exception must not pass through C
  }
}

/// Text of either kind that HDF5 has: of fixed length, or a pointer to text of its own.
std::string read_text(hid_t attribute, hid_t type, std::size_t fixed_size,
                      const std::string& where) {
  // Text in memory must have the file's character set, or HDF5 refuses to convert it.
  const Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_cset(memory, H5Tget_cset(type));
  if (H5Tis_variable_str(type) > 0) {
    H5Tset_size(memory, H5T_VARIABLE);
    char* text = nullptr;
    check_status(H5Aread(attribute, memory, &text), "cannot read", where);
    std::string copy = text ? text : "";
    H5free_memory(text);
    return copy;
  }
  std::string text(fixed_size + 1, '\0');
  H5Tset_size(memory, text.size());
  check_status(H5Aread(attribute, memory, text.data()), "cannot read", where);
  text.resize(text.find('\0'));
  return text;
}

}  // namespace

bool Hdf5Reader::has_attribute(const std::string& path, const std::string& name) const {
  return has(path) && H5Aexists_by_name(*file_, path.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Hdf5Reader::attribute_names(const std::string& path) const {
  const Handle object = open_object(path);
  std::vector<std::string> list;
  check_status(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &list),
               "cannot list attributes", where(path));
  return list;
}

Handle Hdf5Reader::open_attribute(const std::string& path, const std::string& name) const {
  const Handle object = open_object(path);
  if (H5Aexists(object, name.c_str()) <= 0) {
    const auto known = attribute_names(path);
    throw Error({.what = "no such attribute",
                 .where = where(path, name),
                 .advice = known.empty() ? "it has none" : suggestion(name, known)});
  }
  return checked(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "cannot open",
                 where(path, name));
}

Content Hdf5Reader::attribute(const std::string& path, const std::string& name) const {
  const Handle object = open_attribute(path, name);
  const Handle type(H5Aget_type(object), H5Tclose);
  const Handle space(H5Aget_space(object), H5Sclose);
  return content_of(type, space, where(path, name));
}

std::string Hdf5Reader::text(const std::string& path, const std::string& name) const {
  const Content content = attribute(path, name);
  const Handle object = open_attribute(path, name);
  const Handle type(H5Aget_type(object), H5Tclose);
  const std::size_t size = H5Tget_size(type);
  if (content.kind != Content::Kind::text || element_count(content.shape) != 1) {
    throw Error({.what = "has the wrong type",
                 .where = where(path, name),
                 .found = content.type,
                 .expected = "one string"});
  }
  if (size > size_) throw Error({.what = "is longer than the file", .where = where(path, name)});
  return read_text(object, type, size, where(path, name));
}

template <typename T>
std::vector<T> Hdf5Reader::attribute_values(const std::string& path,
                                            const std::string& name) const {
  const Content content = attribute(path, name);
  const bool integer = content.kind == Content::Kind::integer && content.type != "uint64";
  if (!integer && !(std::floating_point<T> && content.kind == Content::Kind::floating)) {
    throw Error({.what = "has the wrong type",
                 .where = where(path, name),
                 .found = content.type,
                 .expected = std::floating_point<T> ? "a number" : "an integer"});
  }
  const std::size_t count = element_count(content.shape);
  if (content.shape.size() > 1 || count > size_) {
    throw Error({.what = "has the wrong shape",
                 .where = where(path, name),
                 .expected = "a single value or a 1-D array"});
  }
  const Handle object = open_attribute(path, name);
  std::vector<T> values(count);
  if (count > 0) {
    check_status(H5Aread(object, native_type<T>(), values.data()), "cannot read",
                 where(path, name));
  }
  return values;
}

namespace {

template <typename T>
T only(const std::vector<T>& values, const std::string& where) {
  if (values.size() != 1) {
    throw Error({.what = "has the wrong shape",
                 .where = where,
                 .found = std::to_string(values.size()) + " values",
                 .expected = "a single value"});
  }
  return values.front();
}

}  // namespace

std::vector<std::int64_t> Hdf5Reader::integers(const std::string& path,
                                               const std::string& name) const {
  return attribute_values<std::int64_t>(path, name);
}

std::vector<double> Hdf5Reader::reals(const std::string& path, const std::string& name) const {
  return attribute_values<double>(path, name);
}

std::int64_t Hdf5Reader::integer(const std::string& path, const std::string& name) const {
  return only(integers(path, name), where(path, name));
}

double Hdf5Reader::real(const std::string& path, const std::string& name) const {
  return only(reals(path, name), where(path, name));
}

}  // namespace laq::record
