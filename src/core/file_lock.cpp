#include "core/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/error.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

constexpr int kMostTries = 20;

/// −1: the file system is read-only and has no such file.
int open_lock(const fs::path& file) {
  int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == EROFS) {
    descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT) return -1;
  }
  if (descriptor < 0)
    throw Error({.what = "cannot open the lock: " + errno_text(), .where = file.string()});
  return descriptor;
}

FileLock::State lock(int descriptor, FileLock::Wait wait, const fs::path& file) {
  const int how = wait == FileLock::Wait::yes ? LOCK_EX : LOCK_EX | LOCK_NB;
  int failed = 0;
  do {
    failed = ::flock(descriptor, how) != 0 ? errno : 0;
  } while (failed == EINTR);
  if (failed == 0) return FileLock::State::held;
  if (failed == EWOULDBLOCK) return FileLock::State::taken;
  if (failed == ENOLCK || failed == ENOSYS || failed == EOPNOTSUPP || failed == EINVAL)
    return FileLock::State::unsupported;
  ::close(descriptor);
  errno = failed;
  throw Error({.what = "cannot lock: " + errno_text(), .where = file.string()});
}

}  // namespace

bool is_named(int descriptor, const fs::path& file) {
  struct stat ours {
  }, named{};
  return ::fstat(descriptor, &ours) == 0 && ::stat(file.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

FileLock::FileLock(const fs::path& file, Wait wait) {
  for (int tries = 0;; ++tries) {
    descriptor_ = open_lock(file);
    state_ = descriptor_ < 0 ? State::unsupported : lock(descriptor_, wait, file);
    // Who had it may have removed the file: then the next one would lock another. Where a file
    // system numbers names, not files, it looks so for ever.
    if (state_ != State::held || is_named(descriptor_, file) || tries == kMostTries) return;
    ::close(descriptor_);
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace laq
