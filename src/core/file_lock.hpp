#pragma once

#include <filesystem>

namespace laq {

/// A lock on a file, made where it is not there. It is held while the object lives; the kernel
/// releases it whatever becomes of the process.
class FileLock {
 public:
  /// Whether to wait until nobody else holds it.
  enum class Wait { no, yes };
  enum class State {
    held,
    taken,       ///< by another process
    unsupported  ///< by the file system, or it is read-only
  };

  /// Error: the file cannot be opened, or locked for another reason.
  FileLock(const std::filesystem::path& file, Wait wait);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

  State state() const { return state_; }

 private:
  int descriptor_ = -1;
  State state_ = State::held;
};

/// Whether the open file is the one that has this name now.
bool is_named(int descriptor, const std::filesystem::path& file);

}  // namespace laq
