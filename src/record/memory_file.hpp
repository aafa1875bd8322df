#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace laq::record {

/// Bytes that belong at an offset of a file.
struct PlacedBytes {
  std::uint64_t offset;
  std::span<const std::byte> bytes;
};

/// A sparse file in memory: HDF5 writes the skeleton of a file there, where no disk can be full.
class MemoryFile {
 public:
  /// `name` is the file to become, for messages.
  explicit MemoryFile(const std::filesystem::path& name);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Where a library can open it.
  std::string path() const;
  /// Copies it to `temporary`, with `placed` over it, and seals that. Errors carry the system's
  /// reason.
  void save(const std::filesystem::path& temporary, std::span<const PlacedBytes> placed) const;

 private:
  std::filesystem::path name_;
  int descriptor_;
};

}  // namespace laq::record
