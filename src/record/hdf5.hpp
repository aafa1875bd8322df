#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/memory_file.hpp"

/// A thin layer over the HDF5 C library: what this project writes and reads, with its errors.
/// Paths inside a file are absolute ("/epochs/epoch"). Use a file from one thread at a time.
namespace laq::record {

class Handle;

/// Sizes of the dimensions, slowest first; empty for a single value.
using Shape = std::vector<std::size_t>;

/// Product of the sizes. Error: it does not fit into 63 bits.
std::size_t element_count(const Shape& shape);

/// Element types of datasets.
template <typename T>
concept Number = std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t> || std::same_as<T, std::uint8_t>;

/// "float32", "int8" …
template <Number T>
std::string type_name() {
  const std::string bits = std::to_string(8 * sizeof(T));
  if constexpr (std::floating_point<T>) return "float" + bits;
  return (std::signed_integral<T> ? "int" : "uint") + bits;
}

/// What a dataset or attribute is in the file.
struct Content {
  enum class Kind { floating, integer, text, other };
  Kind kind = Kind::other;
  std::string type;  ///< "float32", "int8", "string", "compound" …
  Shape shape;
};

template <Number T>
struct Array {
  Shape shape;
  std::vector<T> values;  ///< row-major
};

/// How many dimensions a dataset may have.
struct Rank {
  std::size_t least = 1;
  std::size_t most = 2;
};

/// `FILE.h5:/path` of the command line. Usage error: no ":/" in it.
struct DatasetAddress {
  std::filesystem::path file;
  std::string path;
};
DatasetAddress parse_address(const std::string& word);

/// A file opened to be read. Every error names file:/path, what was found and what was expected.
/// Sizes are checked against the size of the file before memory is taken for them.
class Hdf5Reader {
 public:
  /// Errors: missing, `Unreadable`, not HDF5, truncated, damaged (as far as its seal tells).
  explicit Hdf5Reader(const std::filesystem::path& file);

  const std::filesystem::path& file() const { return name_; }
  /// Whether every byte is as `write_hdf5` left it.
  bool sealed() const { return sealed_; }
  bool has(const std::string& path) const;
  bool has_attribute(const std::string& path, const std::string& name) const;
  /// Names in a group, in the order in which they were made where the file knows it, else sorted.
  std::vector<std::string> names(const std::string& group) const;
  std::vector<std::string> attribute_names(const std::string& path) const;

  Content dataset(const std::string& path) const;
  Content attribute(const std::string& path, const std::string& name) const;

  /// A dataset converted to T. Errors: missing, not a dataset, of another rank, not floating point
  /// (T = float, double), not integers or out of T's range (other T).
  template <Number T>
  Array<T> read(const std::string& path, Rank rank = {}) const;
  /// The same into memory of the caller's. Error: another number of elements.
  template <Number T>
  void read_into(const std::string& path, std::span<T> values) const;

  std::string text(const std::string& path, const std::string& name) const;
  std::int64_t integer(const std::string& path, const std::string& name) const;
  std::vector<std::int64_t> integers(const std::string& path, const std::string& name) const;
  /// Reals may be stored as integers.
  double real(const std::string& path, const std::string& name) const;
  std::vector<double> reals(const std::string& path, const std::string& name) const;

 private:
  /// What there is instead of a path that is missing.
  std::string near(const std::string& path) const;
  Handle open_object(const std::string& path) const;
  Handle open_dataset(const std::string& path) const;
  Handle open_attribute(const std::string& path, const std::string& name) const;
  void check_size(const Handle& dataset, const Content& content, const std::string& path) const;
  template <Number T>
  void convert(const Handle& dataset, const Content& content, const std::string& path,
               std::span<T> values) const;
  template <typename T>
  std::vector<T> attribute_values(const std::string& path, const std::string& name) const;
  std::string where(const std::string& path, const std::string& attribute = "") const;

  std::filesystem::path name_;
  std::uintmax_t size_ = 0;
  bool sealed_ = false;
  std::shared_ptr<const Handle> file_;
};

/// Contents of a file being made by `write_hdf5`. Groups on the way to a dataset are made as
/// needed; text is UTF-8.
class Hdf5Writer {
 public:
  void group(const std::string& path);
  template <Number T>
  void write(const std::string& path, std::span<const T> values, const Shape& shape);
  /// The same for large arrays, without a copy: `values` are read when the file is saved, so they
  /// must live and stay as they are until `write_hdf5` returns.
  template <Number T>
  void place(const std::string& path, std::span<const T> values, const Shape& shape);

  void text(const std::string& path, const std::string& name, std::string_view value);
  void integer(const std::string& path, const std::string& name, std::int64_t value);
  void integers(const std::string& path, const std::string& name, std::span<const std::int64_t>);
  void real(const std::string& path, const std::string& name, double value);
  void reals(const std::string& path, const std::string& name, std::span<const double> values);

  /// Makes a 1-D dataset a dimension scale, and names it.
  void make_scale(const std::string& path, const std::string& name);
  void attach_scale(const std::string& dataset, unsigned dimension, const std::string& scale);

 private:
  friend void write_hdf5(const std::filesystem::path&, const std::function<void(Hdf5Writer&)>&);
  Hdf5Writer(const std::filesystem::path& name, const std::string& memory);
  void close();
  Handle make_dataset(const std::string& path, std::int64_t type, const Shape& shape,
                      std::size_t given, bool allocate);
  Handle open_object(const std::string& path) const;
  void attribute(const std::string& path, const std::string& name, std::int64_t type,
                 const Shape& shape, const void* value);
  std::string where(const std::string& path) const;

  std::filesystem::path name_;
  std::shared_ptr<Handle> file_;
  std::vector<PlacedBytes> placed_;
};

/// Makes an HDF5 file with what `fill` writes and replaces `file` by it, whole. On any error, a
/// full disk included, `file` stays as it was. HDF5 itself only writes to memory – a failed write
/// leaves the library unable to close the file or to shut down – and holds only the file's skeleton
/// and the small arrays there; the bytes go to the disk by our own calls.
void write_hdf5(const std::filesystem::path& file, const std::function<void(Hdf5Writer&)>& fill);

}  // namespace laq::record
