#include "record/unreadable.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "record/descriptor.hpp"

namespace laq::record {
namespace {

/// HDF5's own mark of a file that is open for writing, in superblocks of versions 2 and 3.
bool marked_open(int descriptor) {
  std::array<unsigned char, 12> superblock{};
  return ::pread(descriptor, superblock.data(), superblock.size(), 0) > 0 &&
         std::memcmp(superblock.data(), "\x89HDF\r\n\x1a\n", 8) == 0 &&
         (superblock[8] == 2 || superblock[8] == 3) && (superblock[11] & 1) != 0;
}

}  // namespace

void require_closed(const std::filesystem::path& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in < 0) return;
  if (::flock(in, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Unreadable({.what = "is open in another program, which may be writing into it",
                      .where = file.string(),
                      .advice = "close it there, then try again"});
  }
  if (marked_open(in)) {
    throw Unreadable(
        {.what = "is open in another program, or was left so by one that crashed",
         .where = file.string(),
         .advice = "close it there; if no program has it, run: h5clear -s " + file.string()});
  }
}

}  // namespace laq::record
