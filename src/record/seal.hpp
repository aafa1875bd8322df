#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace laq::record {

/// HDF5 1.10 trusts much of what it reads and can crash on damaged files. So a file of ours ends
/// with a line of text behind what HDF5 knows of it, a checksum (CRC-32) over all bytes
/// before, and is checked before HDF5 sees it. HDF5 passes over such bytes when it reads and cuts
/// them off when it writes.
enum class Seal {
  none,       ///< made or changed by another program, which left no sign of a damage
  whole,      ///< every byte is as we wrote it
  broken,     ///< damaged
  truncated,  ///< shorter than HDF5 or we left it
};

inline constexpr std::size_t kSealSize = 20;

/// The line for the first `size` bytes of an open file. Error: they cannot be read.
std::string make_seal(int descriptor, std::uint64_t size, const std::filesystem::path& name);

/// `Unreadable`: the file cannot be read.
Seal check_seal(const std::filesystem::path& file);

}  // namespace laq::record
