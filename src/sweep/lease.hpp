#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace laq::sweep {

/// Who holds a lease: the content of the file.
struct LeaseOwner {
  std::string host;
  long pid = 0;
  std::string process;  ///< its boot, pid namespace and start time, which tell it from a later one
  std::string token;    ///< of this lease alone
  std::string heartbeat;  ///< ISO 8601, UTC
  long beats = 0;

  /// "host:pid"
  std::string name() const;
};

/// The right to train one run, held by one process among all that share the folder. It is a file
/// `lease` in the run's folder, made by link(2), which also on a network file system succeeds for
/// one of many, or where there are no links by O_EXCL. `beat` must be called more often than others
/// wait; the file goes with this object.
class Lease {
 public:
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// A sign of life. False: another process has taken the lease over.
  bool beat();

 private:
  friend class Leases;
  Lease(std::filesystem::path file, int descriptor, LeaseOwner owner);
  bool held() const;
  /// Makes the file unless there is one. False, with errno set: it cannot be made.
  bool make();

  std::filesystem::path file_;
  int descriptor_;  // of the file, wherever its name goes
  LeaseOwner owner_;
};

/// Takes leases. A lease whose owner is gone is taken over. A process of this machine is gone when
/// it does not exist any more, another one when its heartbeat has not changed for `stale_after`
/// seconds by this process's own clock, so that clocks need not agree.
class Leases {
 public:
  explicit Leases(double stale_after) : stale_after_(stale_after) {}

  /// Null: another process holds it. Error: the folder cannot be made or written, or a lease in it
  /// cannot be read or replaced.
  std::unique_ptr<Lease> take(const std::filesystem::path& folder);

 private:
  struct Seen {
    std::string content;
    std::chrono::steady_clock::time_point since;
  };
  bool abandoned(const std::filesystem::path& file, const std::string& content, int takers);

  double stale_after_;
  std::map<std::filesystem::path, Seen> seen_;
};

/// Who leases the run in this folder, alive or not; nothing when nobody does, or the lease does not
/// say. Error: it cannot be read.
std::optional<LeaseOwner> lease_owner(const std::filesystem::path& folder);

}  // namespace laq::sweep
