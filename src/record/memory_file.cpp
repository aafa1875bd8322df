#include "record/memory_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/error.hpp"
#include "record/descriptor.hpp"
#include "record/seal.hpp"

namespace laq::record {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void throw_unwritten(const fs::path& file, int reason) {
  errno = reason;
  const bool full = reason == ENOSPC || reason == EDQUOT;
  throw Error({.what = "cannot write: " + errno_text(),
               .where = file.string(),
               .advice = full ? "make room on this disk or write to another" : ""});
}

void write_all(int out, std::span<const std::byte> bytes, off_t offset, const fs::path& file) {
  while (!bytes.empty()) {
    const auto written =
        ::pwrite(out, bytes.data(), std::min<std::size_t>(bytes.size(), 1u << 30), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw_unwritten(file, written < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
}

/// Copies what was written in a sparse file, and leaves its holes out.
void copy_written_parts(int in, off_t size, int out, const fs::path& file) {
  std::array<std::byte, 1u << 16> buffer;
  off_t position = 0;
  while (position < size) {
    const off_t start = ::lseek(in, position, SEEK_DATA);
    if (start < 0 && errno == ENXIO) return;
    if (start < 0) throw_unwritten(file, errno);
    const off_t end = std::min(size, ::lseek(in, start, SEEK_HOLE));
    for (position = start; position < end;) {
      const auto wanted = std::min<off_t>(end - position, buffer.size());
      const auto count = ::pread(in, buffer.data(), static_cast<std::size_t>(wanted), position);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw_unwritten(file, count < 0 ? errno : EIO);
      write_all(out, std::span(buffer).first(static_cast<std::size_t>(count)), position, file);
      position += count;
    }
  }
}

}  // namespace

MemoryFile::MemoryFile(const fs::path& name)
    : name_(name), descriptor_(::memfd_create("hdf5", MFD_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw Error({.what = "cannot make a file in memory: " + errno_text(), .where = name.string()});
  }
}

MemoryFile::~MemoryFile() {
  ::close(descriptor_);
}

std::string MemoryFile::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

void MemoryFile::save(const fs::path& temporary, std::span<const PlacedBytes> placed) const {
  const Descriptor out(::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (out < 0) throw_unwritten(name_, errno);
  struct stat skeleton {};
  if (::fstat(descriptor_, &skeleton) != 0) throw_unwritten(name_, errno);
  if (::ftruncate(out, skeleton.st_size) != 0) throw_unwritten(name_, errno);
  // Learn of a full disk before the work; file systems that cannot reserve find out by writing.
  const int refused = ::posix_fallocate(out, 0, skeleton.st_size + static_cast<off_t>(kSealSize));
  if (refused == ENOSPC || refused == EDQUOT || refused == EFBIG) throw_unwritten(name_, refused);
  copy_written_parts(descriptor_, skeleton.st_size, out, name_);
  for (const PlacedBytes& array : placed) {
    write_all(out, array.bytes, static_cast<off_t>(array.offset), name_);
  }
  const std::string seal = make_seal(out, static_cast<std::uint64_t>(skeleton.st_size), name_);
  write_all(out, std::as_bytes(std::span(seal)), skeleton.st_size, name_);
}

}  // namespace laq::record
