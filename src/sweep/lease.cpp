#include "sweep/lease.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/file_lock.hpp"
#include "core/files.hpp"
#include "core/process.hpp"
#include "core/text.hpp"
#include "record/provenance.hpp"

namespace laq::sweep {
namespace fs = std::filesystem;
namespace {

constexpr int kMostTakers = 1000;
constexpr std::size_t kLongestLease = 4096;  // bytes

[[noreturn]] void refuse(const fs::path& file, int reason = errno) {
  errno = reason;
  throw Error(
      {.what = "cannot take the lease of the run: " + errno_text(), .where = file.string()});
}

std::string process_of(long pid) {
  const auto start = process_start_ticks(pid);
  return machine() + "/" + (start ? std::to_string(*start) : "");
}

std::string random_token() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits)
    throw Error({.what = "no random numbers: " + errno_text()});
  return fmt::format("{:016x}", bits);
}

// The same length at every beat, so that a write in place leaves no mixture of lengths.
std::string text_of(const LeaseOwner& owner) {
  return nlohmann::ordered_json{
             {"host", owner.host},           {"pid", owner.pid},
             {"process", owner.process},     {"token", owner.token},
             {"heartbeat", owner.heartbeat}, {"beats", fmt::format("{:012}", owner.beats)}}
             .dump() +
         "\n";
}

std::optional<LeaseOwner> owner_from(const std::string& content) {
  const auto json = nlohmann::json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  try {
    return LeaseOwner{json.value("host", ""),      json.value("pid", 0L),
                      json.value("process", ""),   json.value("token", ""),
                      json.value("heartbeat", ""), std::atol(json.value("beats", "0").c_str())};
  } catch (const nlohmann::json::exception&) {  // a value of another type
    return std::nullopt;
  }
}

/// Nothing, with errno set, when it cannot be read.
std::optional<std::string> read_lease(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::string content(kLongestLease, '\0');
  const ssize_t size = ::read(descriptor, content.data(), content.size());
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  if (size < 0) return std::nullopt;
  content.resize(static_cast<std::size_t>(size));
  return content;
}

/// Nothing when there is no such file. Error: there is one that cannot be read.
std::optional<std::string> content_of(const fs::path& file) {
  auto content = read_lease(file);
  if (!content && errno != ENOENT && errno != ESTALE) refuse(file);
  return content;
}

bool write_whole(int descriptor, const std::string& text) {
  return ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::fsync(descriptor) == 0;
}

bool of_this_machine(const LeaseOwner& owner) {
  return owner.host == record::host_name() && owner.process.starts_with(machine() + "/");
}

bool process_gone(const LeaseOwner& owner) {
  if (!process_exists(owner.pid)) return true;
  return process_start_ticks(owner.pid) && owner.process != process_of(owner.pid);
}

struct RemoveAtEnd {
  fs::path file;
  ~RemoveAtEnd() { ::unlink(file.c_str()); }
};

fs::path taker_file(const fs::path& file, int number) {
  return file.string() + fmt::format(".taker-{}", number);
}

int count_takers(const fs::path& file) {
  int count = 0;
  std::error_code ignored;
  while (count < kMostTakers && fs::exists(taker_file(file, count), ignored)) ++count;
  return count;
}

/// Only one of those that see a dead owner may replace its lease: who makes the next taker file.
bool may_replace(const fs::path& file, const std::string& dead, int takers) {
  const fs::path mark = taker_file(file, takers);
  const int made = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (made < 0 && errno != EEXIST) refuse(mark);
  if (made < 0) return false;
  ::close(made);
  if (content_of(file) == dead) return true;  // an earlier taker may have done it by now
  ::unlink(mark.c_str());
  return false;
}

}  // namespace

std::string LeaseOwner::name() const {
  return fmt::format("{}:{}", host, pid);
}

Lease::Lease(fs::path file, int descriptor, LeaseOwner owner)
    : file_(std::move(file)), descriptor_(descriptor), owner_(std::move(owner)) {}

Lease::~Lease() {
  if (held()) ::unlink(file_.c_str());
  ::close(descriptor_);
}

bool Lease::held() const {
  if (is_named(descriptor_, file_)) return true;
  // Some file systems number the names of a file, not the file.
  const auto content = read_lease(file_);
  const auto owner = content ? owner_from(*content) : std::nullopt;
  return owner && owner->token == owner_.token;
}

bool Lease::make() {
  const int made = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (made < 0) return errno == EEXIST;
  ::dup3(made, descriptor_, O_CLOEXEC);
  ::close(made);
  if (write_whole(descriptor_, text_of(owner_))) return true;
  const int reason = errno;
  ::unlink(file_.c_str());
  errno = reason;
  return false;
}

bool Lease::beat() {
  if (!held()) return false;
  owner_.heartbeat = now_iso8601();
  ++owner_.beats;
  // Into the file itself, not its name: a lease that was taken over meanwhile is not harmed. A full
  // disk hides the sign of life but does not lose the lease.
  write_whole(descriptor_, text_of(owner_));
  return true;
}

bool Leases::abandoned(const fs::path& file, const std::string& content, int takers) {
  const auto owner = owner_from(content);
  if (owner && takers == 0 && of_this_machine(*owner)) return process_gone(*owner);
  const auto now = std::chrono::steady_clock::now();
  const std::string state = content + fmt::format("{}", takers);
  auto& seen = seen_[file];
  if (seen.content != state) seen = {state, now};
  return std::chrono::duration<double>(now - seen.since).count() >= stale_after_;
}

std::unique_ptr<Lease> Leases::take(const fs::path& folder) {
  make_folder(folder);
  const fs::path file = folder / "lease";
  const auto dead = content_of(file);
  const int takers = dead ? count_takers(file) : 0;
  if (dead && !abandoned(file, *dead, takers)) return nullptr;

  LeaseOwner owner{record::host_name(), ::getpid(),    process_of(::getpid()),
                   random_token(),      now_iso8601(), 0};
  const RemoveAtEnd own{file.string() + "." + owner.host + ".tmp-" + std::to_string(owner.pid)};
  const int descriptor = ::open(own.file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) refuse(file);
  std::unique_ptr<Lease> lease(new Lease(file, descriptor, owner));
  if (!write_whole(descriptor, text_of(owner))) refuse(file);
  if (dead) {
    if (!may_replace(file, *dead, takers)) return nullptr;
    const int failed = ::rename(own.file.c_str(), file.c_str()) != 0 ? errno : 0;
    for (int i = 0; i <= takers; ++i) ::unlink(taker_file(file, i).c_str());
    if (failed && !lease->held()) refuse(file, failed);
  } else if (::link(own.file.c_str(), file.c_str()) != 0 && errno != EEXIST && !lease->held()) {
    // Over a network the answer may have been lost; else this file system has no links.
    if (!lease->make()) refuse(file);
  }
  if (!lease->held()) return nullptr;
  seen_.erase(file);
  return lease;
}

std::optional<LeaseOwner> lease_owner(const fs::path& folder) {
  const auto content = content_of(folder / "lease");
  return content ? owner_from(*content) : std::nullopt;
}

}  // namespace laq::sweep
