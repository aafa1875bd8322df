#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/error.hpp"
#include "core/text.hpp"
#include "record/hdf5.hpp"
#include "record/hdf5_handle.hpp"
#include "record/seal.hpp"
#include "record/unreadable.hpp"

namespace laq::record {
namespace fs = std::filesystem;
namespace {

// Deflate packs at most about 1032 to 1; HDF5's other filters stay below.
constexpr std::uintmax_t kBestCompression = 1100;

bool link_leads_somewhere(hid_t file, const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (part != "/" && H5Lexists(file, part.c_str(), H5P_DEFAULT) <= 0) return false;
    if (part != "/" && H5Oexists_by_name(file, part.c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == std::string::npos) return true;
  }
}

std::string shape_text(const Shape& shape) {
  if (shape.empty()) return "a single value";
  return fmt::format("{}-D ({})", shape.size(), fmt::join(shape, " x "));
}

std::string rank_text(Rank rank) {
  if (rank.least == rank.most) return fmt::format("{}-D", rank.least);
  return fmt::format("{}-D to {}-D", rank.least, rank.most);
}

/// Passes values on in a narrower integer type; the wide ones are what the file holds.
template <typename T, typename Wide>
void narrow(std::span<const Wide> wide, std::span<T> values, const std::string& where) {
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (!std::in_range<T>(wide[i])) {
      throw Error({.what = fmt::format("element {} is out of range", i),
                   .where = where,
                   .found = std::to_string(wide[i]),
                   .expected = fmt::format("{} to {}", +std::numeric_limits<T>::min(),
                                           +std::numeric_limits<T>::max())});
    }
    values[i] = static_cast<T>(wide[i]);
  }
}

}  // namespace

Hdf5Reader::Hdf5Reader(const fs::path& file) : name_(file) {
  silence_hdf5();
  std::error_code failed;
  const auto status = fs::status(file, failed);
  if (status.type() == fs::file_type::not_found) {
    throw Error({.what = "no such file", .where = file.string()});
  }
  if (fs::is_directory(status)) {
    throw Error({.what = "is a folder", .where = file.string(), .expected = "an HDF5 file"});
  }
  size_ = fs::file_size(file, failed);
  if (failed)
    throw Unreadable({.what = "cannot read: " + failed.message(), .where = file.string()});
  const Seal seal = check_seal(file);
  if (seal == Seal::truncated || seal == Seal::broken) require_closed(file);
  if (seal == Seal::truncated) throw Error({.what = "is truncated", .where = file.string()});
  if (seal == Seal::broken) {
    throw Error(
        {.what = "is damaged, or was changed by another program: its checksum does not match",
         .where = file.string()});
  }
  sealed_ = seal == Seal::whole;
  const Handle access = checked(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot open", file.string());
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 12 && H5_VERS_RELEASE == 0)
  // Files are replaced whole, so locks guard nothing, and some file systems have none.
  H5Pset_file_locking(access, false, true);
#endif
  const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, access);
  if (id < 0) {
    require_closed(file);
    throw_hdf5("cannot open as an HDF5 file", file.string());
  }
  file_ = std::make_shared<const Handle>(id, H5Fclose);
}

std::string Hdf5Reader::where(const std::string& path, const std::string& attribute) const {
  return name_.string() + ":" + path + (attribute.empty() ? "" : " attribute " + attribute);
}

bool Hdf5Reader::has(const std::string& path) const {
  return path.starts_with('/') && link_leads_somewhere(*file_, path);
}

std::string Hdf5Reader::near(const std::string& path) const {
  std::string parent = path;
  do {
    parent.resize(parent.rfind('/'));
  } while (!parent.empty() && !has(parent));
  const std::string group = parent.empty() ? "/" : parent;
  const Handle above(H5Oopen(*file_, group.c_str(), H5P_DEFAULT), H5Oclose);
  if (H5Iget_type(above) != H5I_GROUP) return group + " is a dataset, not a group";
  std::vector<std::string> known;
  for (const auto& name : names(group)) known.push_back(parent + "/" + name);
  if (std::find(known.begin(), known.end(), path) != known.end()) return "its link leads nowhere";
  return known.empty() ? group + " is empty" : suggestion(path, known);
}

Handle Hdf5Reader::open_object(const std::string& path) const {
  if (!has(path)) {
    throw Error({.what = "no such path in the file",
                 .where = where(path),
                 .advice = path.starts_with('/') ? near(path) : "paths start with '/'"});
  }
  return checked(H5Oopen(*file_, path.c_str(), H5P_DEFAULT), H5Oclose, "cannot open", where(path));
}

Handle Hdf5Reader::open_dataset(const std::string& path) const {
  Handle object = open_object(path);
  const H5I_type_t type = H5Iget_type(object);
  if (type != H5I_DATASET) {
    throw Error({.what = "is not a dataset",
                 .where = where(path),
                 .found = type == H5I_GROUP ? "a group" : "a named type",
                 .expected = "a dataset"});
  }
  return object;
}

std::vector<std::string> Hdf5Reader::names(const std::string& group) const {
  const Handle object = open_object(group);
  if (H5Iget_type(object) != H5I_GROUP) {
    throw Error({.what = "is not a group", .where = where(group), .expected = "a group"});
  }
  const Handle created =
      checked(H5Gget_create_plist(object), H5Pclose, "cannot list", where(group));
  unsigned order = 0;
  H5Pget_link_creation_order(created, &order);
  const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  H5G_info_t info{};
  check_status(H5Gget_info(object, &info), "cannot list", where(group));
  std::vector<std::string> list;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const auto length =
        H5Lget_name_by_idx(object, ".", index, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
    if (length < 0) throw_hdf5("cannot list", where(group));
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    if (H5Lget_name_by_idx(object, ".", index, H5_ITER_INC, i, name.data(), name.size(),
                           H5P_DEFAULT) < 0) {
      throw_hdf5("cannot list", where(group));
    }
    name.pop_back();
    list.push_back(std::move(name));
  }
  return list;
}

Content Hdf5Reader::dataset(const std::string& path) const {
  const Handle object = open_dataset(path);
  const Handle type(H5Dget_type(object), H5Tclose);
  const Handle space(H5Dget_space(object), H5Sclose);
  return content_of(type, space, where(path));
}

void Hdf5Reader::check_size(const Handle& dataset, const Content& content,
                            const std::string& path) const {
  const std::size_t count = element_count(content.shape);
  if (count == 0) return;
  const Handle type(H5Dget_type(dataset), H5Tclose);
  const Handle created =
      checked(H5Dget_create_plist(dataset), H5Pclose, "cannot read", where(path));
  // What HDF5 does not find of them reads as zeros.
  if (H5Pget_layout(created) == H5D_VIRTUAL || H5Pget_external_count(created) > 0) {
    throw Error({.what = "its values lie in other files (a virtual or external dataset)",
                 .where = where(path),
                 .expected = "a dataset with its values in its own file",
                 .advice = "copy it into one, and name that"});
  }
  const std::uintmax_t stored = H5Dget_storage_size(dataset);
  if (stored == 0) {
    throw Error({.what = "holds no data: it was made but never written", .where = where(path)});
  }
  const bool chunked = H5Pget_layout(created) == H5D_CHUNKED;
  // A link may lead to another file.
  const Handle own = checked(H5Iget_file_id(dataset), H5Fclose, "cannot read", where(path));
  hsize_t size = 0;
  check_status(H5Fget_filesize(own, &size), "cannot read", where(path));
  const std::uintmax_t most =
      std::min<std::uintmax_t>(stored, size) * (chunked ? kBestCompression : 1);
  if (count > most / H5Tget_size(type)) {
    throw Error({.what = "claims more data than the file can hold",
                 .where = where(path),
                 .found = shape_text(content.shape) + " of " + content.type,
                 .advice = "the file is damaged; make it anew"});
  }
}

template <Number T>
void Hdf5Reader::convert(const Handle& dataset, const Content& content, const std::string& path,
                         std::span<T> values) const {
  constexpr bool kFloating = std::floating_point<T>;
  if (content.kind != (kFloating ? Content::Kind::floating : Content::Kind::integer)) {
    throw Error({.what = "has the wrong type",
                 .where = where(path),
                 .found = content.type,
                 .expected = kFloating ? "floating point" : "integers"});
  }
  const auto read_as = [&](hid_t type, void* target) {
    check_status(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, target), "cannot read",
                 where(path));
  };
  if (values.empty()) return;
  if constexpr (kFloating || std::same_as<T, std::int64_t>) {
    if (!content.type.starts_with("uint64")) return read_as(native_type<T>(), values.data());
  }
  if constexpr (!kFloating) {
    // HDF5 would clip what is out of range; see it instead.
    const Handle type(H5Dget_type(dataset), H5Tclose);
    if (H5Tequal(type, native_type<T>()) > 0) return read_as(native_type<T>(), values.data());
    if (content.type == "uint64") {
      std::vector<std::uint64_t> wide(values.size());
      read_as(H5T_NATIVE_UINT64, wide.data());
      narrow<T, std::uint64_t>(wide, values, where(path));
    } else {
      std::vector<std::int64_t> wide(values.size());
      read_as(H5T_NATIVE_INT64, wide.data());
      narrow<T, std::int64_t>(wide, values, where(path));
    }
  }
}

template <Number T>
Array<T> Hdf5Reader::read(const std::string& path, Rank rank) const {
  const Content content = dataset(path);
  if (content.shape.size() < rank.least || content.shape.size() > rank.most) {
    throw Error({.what = "has the wrong number of dimensions",
                 .where = where(path),
                 .found = shape_text(content.shape),
                 .expected = rank_text(rank)});
  }
  const Handle object = open_dataset(path);
  check_size(object, content, path);
  Array<T> array{content.shape, std::vector<T>(element_count(content.shape))};
  convert<T>(object, content, path, array.values);
  return array;
}

template <Number T>
void Hdf5Reader::read_into(const std::string& path, std::span<T> values) const {
  const Content content = dataset(path);
  if (element_count(content.shape) != values.size()) {
    throw Error({.what = "has the wrong number of elements",
                 .where = where(path),
                 .found = std::to_string(element_count(content.shape)),
                 .expected = std::to_string(values.size())});
  }
  const Handle object = open_dataset(path);
  check_size(object, content, path);
  convert<T>(object, content, path, values);
}

template Array<float> Hdf5Reader::read(const std::string&, Rank) const;
template Array<double> Hdf5Reader::read(const std::string&, Rank) const;
template Array<std::int8_t> Hdf5Reader::read(const std::string&, Rank) const;
template Array<std::int16_t> Hdf5Reader::read(const std::string&, Rank) const;
template Array<std::int32_t> Hdf5Reader::read(const std::string&, Rank) const;
template Array<std::int64_t> Hdf5Reader::read(const std::string&, Rank) const;
template Array<std::uint8_t> Hdf5Reader::read(const std::string&, Rank) const;
template void Hdf5Reader::read_into(const std::string&, std::span<float>) const;
template void Hdf5Reader::read_into(const std::string&, std::span<double>) const;
template void Hdf5Reader::read_into(const std::string&, std::span<std::int8_t>) const;
template void Hdf5Reader::read_into(const std::string&, std::span<std::int16_t>) const;
template void Hdf5Reader::read_into(const std::string&, std::span<std::int32_t>) const;
template void Hdf5Reader::read_into(const std::string&, std::span<std::int64_t>) const;
template void Hdf5Reader::read_into(const std::string&, std::span<std::uint8_t>) const;

}  // namespace laq::record
