#include "train/run_lock.hpp"

#include <unistd.h>

#include "record/provenance.hpp"
#include "record/status.hpp"

namespace laq::train {
namespace {

bool shown_by_status(const std::filesystem::path& folder) {
  const auto status = record::read_status(folder / "status.json");
  if (!status || status->state != record::State::running || record::writer_gone(*status))
    return false;
  if (status->host != record::host_name()) return record::silence(*status) < record::kSilentSeconds;
  return status->pid != ::getpid();
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& run_folder)
    : lock_(run_folder / "lock", FileLock::Wait::no),
      taken_(lock_.state() == FileLock::State::taken ||
             (lock_.state() == FileLock::State::unsupported && shown_by_status(run_folder))) {}

}  // namespace laq::train
