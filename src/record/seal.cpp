#include "record/seal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "record/descriptor.hpp"
#include "record/unreadable.hpp"

namespace laq::record {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMark = "\nlaq crc32 ";
static_assert(kMark.size() + 8 + 1 == kSealSize);

/// Reads exactly `size` bytes, or throws.
void read_at(int descriptor, void* target, std::size_t size, std::uint64_t offset,
             const fs::path& name) {
  for (std::size_t done = 0; done < size;) {
    const auto count = ::pread(descriptor, static_cast<char*>(target) + done, size - done,
                               static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw Unreadable({.what = "cannot read: " + errno_text(), .where = name.string()});
    if (count == 0) throw Error({.what = "cannot read: it ends early", .where = name.string()});
    done += static_cast<std::size_t>(count);
  }
}

/// Where the file ends as HDF5 knows it, from the superblock (versions 2 and 3; HDF5 checks the
/// others itself); 0: not known.
std::uint64_t end_for_hdf5(int descriptor, const fs::path& name) {
  constexpr std::size_t kVersion = 8;
  constexpr std::size_t kEnd = 28;
  std::array<unsigned char, kEnd + 8> superblock{};
  read_at(descriptor, superblock.data(), superblock.size(), 0, name);
  if (std::memcmp(superblock.data(), "\x89HDF\r\n\x1a\n", kVersion) != 0) return 0;
  if (superblock[kVersion] != 2 && superblock[kVersion] != 3) return 0;
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < 8; ++i) end |= std::uint64_t{superblock[kEnd + i]} << (8 * i);
  return end;
}

bool begins_a_line(std::string_view rest) {
  return rest.starts_with(kMark.substr(0, rest.size()));
}

}  // namespace

std::string make_seal(int descriptor, std::uint64_t size, const fs::path& name) {
  std::vector<unsigned char> buffer(std::size_t{1} << 20);
  std::uint32_t sum = 0;
  for (std::uint64_t done = 0; done < size;) {
    const auto piece =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - done));
    read_at(descriptor, buffer.data(), piece, done, name);
    sum = ::libdeflate_crc32(sum, buffer.data(), piece);  // several times as fast as zlib's
    done += piece;
  }
  return fmt::format("{}{:08x}\n", kMark, sum);
}

Seal check_seal(const fs::path& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in < 0) throw Unreadable({.what = "cannot read: " + errno_text(), .where = file.string()});
  const off_t end = ::lseek(in, 0, SEEK_END);
  if (end < 100) return Seal::none;  // too short for HDF5
  const std::uint64_t size = static_cast<std::uint64_t>(end) - kSealSize;
  std::string line(kSealSize, '\0');
  read_at(in, line.data(), line.size(), size, file);
  // The line itself may be damaged; its place then still tells that there was one.
  const std::uint64_t known = end_for_hdf5(in, file);
  const auto all = static_cast<std::uint64_t>(end);
  if (known > all) return Seal::truncated;
  if (known > size && known < all && begins_a_line(std::string_view(line).substr(known - size)))
    return Seal::truncated;
  if (!line.starts_with(kMark) && known != size) return Seal::none;
  return line == make_seal(in, size, file) ? Seal::whole : Seal::broken;
}

}  // namespace laq::record
