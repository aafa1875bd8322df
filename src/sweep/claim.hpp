#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace laq::sweep {

/// Who holds a claim: the content of the file.
struct ClaimOwner {
  std::string host;
  long pid = 0;
  std::string process;  ///< its boot, pid namespace and start time, which tell it from a later one
  std::string token;    ///< of this claim alone
  std::string heartbeat;  ///< ISO 8601, UTC
  long beats = 0;

  /// "host:pid"
  std::string name() const;
};

/// The right to train one run, held by one process among all that share the folder. It is a file
/// `claim` in the run's folder, made by link(2), which also on a network file system succeeds for
/// one of many, or where there are no links by O_EXCL. `beat` must be called more often than others
/// wait; the file goes with this object.
class Claim {
 public:
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  /// A sign of life. False: another process has taken the claim over.
  bool beat();

 private:
  friend class Claims;
  Claim(std::filesystem::path file, int descriptor, ClaimOwner owner);
  bool held() const;
  /// Makes the file unless there is one. False, with errno set: it cannot be made.
  bool make();

  std::filesystem::path file_;
  int descriptor_;  // of the file, wherever its name goes
  ClaimOwner owner_;
};

/// Takes claims. A claim whose owner is gone is taken over: at once when the owner was a process of
/// this machine, otherwise when its heartbeat has not changed for `stale_after` seconds by this
/// process's own clock, so that clocks need not agree.
class Claims {
 public:
  explicit Claims(double stale_after) : stale_after_(stale_after) {}

  /// Null: another process holds it. Error: the folder cannot be made or written, or a claim in it
  /// cannot be read or replaced.
  std::unique_ptr<Claim> take(const std::filesystem::path& folder);

 private:
  struct Seen {
    std::string content;
    std::chrono::steady_clock::time_point since;
  };
  bool abandoned(const std::filesystem::path& file, const std::string& content, int takers);

  double stale_after_;
  std::map<std::filesystem::path, Seen> seen_;
};

/// Who claims the run in this folder, alive or not; nothing when nobody does, or the claim does not
/// say. Error: it cannot be read.
std::optional<ClaimOwner> claim_owner(const std::filesystem::path& folder);

}  // namespace laq::sweep
