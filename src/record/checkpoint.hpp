#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "record/hdf5.hpp"
#include "record/history.hpp"

namespace laq::record {

/// A named array that belongs to a checkpoint; the values are the caller's.
struct Blob {
  using Values = std::variant<std::span<const float>, std::span<const double>,
                              std::span<const std::int64_t>, std::span<const std::uint8_t>>;
  std::string name;
  Shape shape;
  Values values;
};

/// The small part of a checkpoint.
struct CheckpointState {
  std::map<std::string, std::int64_t> counters;  ///< epoch, step, position of the sampler …
  std::map<std::string, std::string> texts;      ///< hash of the configuration …
  History history;
};

/// Replaces the file whole; errors leave the old one as it was. Blobs go to the disk straight from
/// the caller's memory, uncompressed.
void write_checkpoint(const std::filesystem::path& file, const std::vector<Blob>& blobs,
                      const CheckpointState& state);

/// A checkpoint being read back.
class CheckpointReader {
 public:
  /// Checks every byte and reads all but the blobs' values. Errors: missing; not as it was written,
  /// with the advice to delete the file.
  explicit CheckpointReader(const std::filesystem::path& file);

  const std::filesystem::path& file() const { return in_.file(); }
  const CheckpointState& state() const { return state_; }
  /// In the order in which they were written.
  const std::vector<std::string>& blobs() const { return blobs_; }
  bool has(const std::string& blob) const;
  /// Errors of these: no such blob; of another type or size.
  Shape shape(const std::string& blob) const;
  /// "float32", "int64" …
  std::string type(const std::string& blob) const;
  template <Number T>
  void read_into(const std::string& blob, std::span<T> values) const;
  template <Number T>
  std::vector<T> read(const std::string& blob) const;

 private:
  void require(const std::string& blob) const;
  /// The path of a blob whose type is `type`.
  std::string path_of(const std::string& blob, const std::string& type) const;

  Hdf5Reader in_;
  CheckpointState state_;
  std::vector<std::string> blobs_;
};

}  // namespace laq::record
