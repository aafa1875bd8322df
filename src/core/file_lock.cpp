#include "core/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "core/error.hpp"

namespace laq {

FileLock::FileLock(const std::filesystem::path& file, Wait wait)
    : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0)
    throw Error({.what = "cannot open the lock: " + errno_text(), .where = file.string()});
  int failed = 0;
  do {
    const int how = wait == Wait::yes ? LOCK_EX : LOCK_EX | LOCK_NB;
    failed = ::flock(descriptor_, how) != 0 ? errno : 0;
  } while (failed == EINTR);
  if (failed == 0) return;
  if (failed == EWOULDBLOCK) {
    state_ = State::taken;
  } else if (failed == ENOLCK || failed == ENOSYS || failed == EOPNOTSUPP || failed == EINVAL) {
    state_ = State::unsupported;
  } else {
    ::close(descriptor_);
    errno = failed;
    throw Error({.what = "cannot lock: " + errno_text(), .where = file.string()});
  }
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

}  // namespace laq
