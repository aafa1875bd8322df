#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace laq {

/// Whole content of a file. Errors: missing, unreadable, a directory.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` whole: `write` fills a temporary file beside it, which is then flushed to disk
/// and renamed over `path`. A reader sees the old content or the new, never a mixture. Links are
/// followed, and permissions kept. When anything fails the temporary is removed, `path` is as it
/// was, and an `Error` names the path and the reason; so it does when `path` is a folder, a device
/// or a pipe.
void replace_file(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path& temporary)>& write);

/// `replace_file` with this content.
void replace_file(const std::filesystem::path& path, std::string_view content);

/// Creates a folder and its parents. Error: cannot be created, or is a file.
void make_folder(const std::filesystem::path& path);

/// Removes temporaries that a killed process left in this folder; files being written by a live
/// process stay, unless nothing was written to them for an hour: another process has its number
/// then.
void sweep_temporaries(const std::filesystem::path& folder);

/// SHA-256 as 64 hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view text);

/// A digest computed over pieces: `add` any number of times, then `hex` once.
class Digest {
 public:
  enum class Kind { sha1, sha256 };

  explicit Digest(Kind kind);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  void add(std::span<const std::byte> bytes);
  std::string hex();

 private:
  void* context_;
};

class Sha256 : public Digest {
 public:
  Sha256() : Digest(Kind::sha256) {}
};

}  // namespace laq
