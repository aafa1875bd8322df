#pragma once

#include <filesystem>

#include "core/file_lock.hpp"

namespace laq::train {

/// Held while a process trains a run, or removes it. Where the file system has no such locks, a run
/// whose status shows that another process lives is theirs.
class RunLock {
 public:
  /// Takes it when it is free. Error: as of `FileLock`.
  explicit RunLock(const std::filesystem::path& run_folder);

  /// Whether another process has it.
  bool taken() const { return taken_; }

 private:
  FileLock lock_;
  bool taken_;
};

}  // namespace laq::train
