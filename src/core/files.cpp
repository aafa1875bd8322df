#include "core/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <functional>

#include "core/error.hpp"
#include "core/process.hpp"
#include "core/text.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";
constexpr auto kLongestWrite = std::chrono::hours(1);
constexpr int kMostLinks = 40;  // as many as the kernel follows

std::string kind_of(fs::file_type type) {
  switch (type) {
    case fs::file_type::directory:
      return "a folder";
    case fs::file_type::block:
    case fs::file_type::character:
      return "a device";
    case fs::file_type::fifo:
      return "a pipe";
    default:
      return "a socket or the like";
  }
}

/// Where process numbers are told apart: they are another's on another machine.
std::string place() {
  return fmt::format("{:x}", std::hash<std::string>()(machine()));
}

/// ".tmp-PID-PLACE-NUMBER"
std::string temporary_ending() {
  static std::atomic<int> number{0};
  return fmt::format("{}{}-{}-{}", kTemporaryMark, ::getpid(), place(), number++);
}

/// The file that a write to `path` means: links are followed, also one to a file that is still to
/// be made. `there` is what is at their end.
fs::path end_of_links(const fs::path& path, const fs::file_status& there) {
  if (fs::exists(there) && !fs::is_regular_file(there)) {
    throw Error({.what = "cannot be replaced",
                 .where = path.string(),
                 .found = kind_of(there.type()),
                 .expected = "a file, or nothing"});
  }
  fs::path end = path;
  std::error_code failed;
  for (int links = 0; fs::is_symlink(fs::symlink_status(end, failed)); ++links) {
    if (links == kMostLinks)
      throw Error({.what = "links lead in a circle", .where = path.string()});
    end = end.parent_path() / fs::read_symlink(end);
  }
  return end;
}

void flush_to_disk(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) throw Error({.what = "cannot open: " + errno_text(), .where = path.string()});
  const int failed = ::fsync(descriptor);
  const std::string reason = failed ? errno_text() : "";
  ::close(descriptor);
  // Some file systems refuse fsync on a folder; the rename itself is still atomic there.
  if (failed && !(flags & O_DIRECTORY)) {
    throw Error({.what = "cannot flush to disk: " + reason, .where = path.string()});
  }
}

/// Exclusive removal of a temporary file when a write does not get as far as the rename.
struct RemoveUnlessKept {
  fs::path path;
  bool kept = false;
  ~RemoveUnlessKept() {
    std::error_code ignored;
    if (!kept) fs::remove(path, ignored);
  }
};

}  // namespace

std::string read_file(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw Error({.what = "is a folder", .where = path.string(), .expected = "a file"});
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error({.what = "cannot read: " + errno_text(), .where = path.string()});
  std::string content;
  const auto size = fs::file_size(path, ignored);  // a hint: growing would need twice the memory
  if (!ignored) content.reserve(size);
  char block[1 << 16];
  do {
    in.read(block, sizeof block);
    content.append(block, static_cast<std::size_t>(in.gcount()));
  } while (in);
  if (in.bad()) throw Error({.what = "reading failed: " + errno_text(), .where = path.string()});
  return content;
}

void replace_file(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  std::error_code ignored;
  const fs::file_status old = fs::status(path, ignored);
  const fs::path end = end_of_links(path, old);
  RemoveUnlessKept temporary{fs::path(end.string() + temporary_ending())};
  write(temporary.path);
  flush_to_disk(temporary.path, O_RDONLY);
  // What was not for everyone stays so.
  if (fs::exists(old)) fs::permissions(temporary.path, old.permissions(), ignored);
  if (::rename(temporary.path.c_str(), end.c_str()) != 0) {
    throw Error({.what = "cannot replace: " + errno_text(), .where = path.string()});
  }
  temporary.kept = true;
  const fs::path folder = end.parent_path();
  flush_to_disk(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY);
}

void replace_file(const fs::path& path, std::string_view content) {
  replace_file(path, [&](const fs::path& temporary) {
    errno = 0;
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    if (!out) throw Error({.what = "cannot write: " + errno_text(), .where = path.string()});
  });
}

void make_folder(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed)
    throw Error({.what = "cannot make folder: " + failed.message(), .where = path.string()});
  if (!fs::is_directory(path)) {
    throw Error(
        {.what = "is not a folder", .where = path.string(), .advice = "choose another path"});
  }
}

void sweep_temporaries(const fs::path& folder) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    const auto mark = name.rfind(kTemporaryMark);
    if (mark == std::string::npos) continue;
    const auto parts = split(name.substr(mark + kTemporaryMark.size()), '-');
    const long owner = number_from<long>(parts[0]).value_or(0);
    const bool here = parts.size() < 2 || parts[1] == place();
    const bool alive = !here || (owner > 0 && owner != ::getpid() &&
                                 (::kill(static_cast<pid_t>(owner), 0) == 0 || errno == EPERM));
    std::error_code ignored;
    const auto written = fs::last_write_time(entry.path(), ignored);
    const bool old = !ignored && fs::file_time_type::clock::now() - written > kLongestWrite;
    if (!alive || old) fs::remove(entry.path(), ignored);
  }
}

}  // namespace laq
