#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace laq::data {

/// Is given a file's path in the archive or folder ("a/b.bin", without "./") and its content.
using VisitFile = std::function<void(const std::string& path, std::vector<std::uint8_t> content)>;
using WantFile = std::function<bool(const std::string& path)>;

/// Calls `visit` for every plain file of a tar archive (plain, gzip or xz) or a zip archive, in the
/// archive's order, or for those that are wanted. Nothing is written to disk. Errors, beginning
/// with `where`: not such an archive, truncated, damaged, a file above 256 MiB in it.
void visit_archive(
    std::string_view raw, const std::string& where, const VisitFile& visit,
    const WantFile& wanted = [](const std::string&) { return true; });

/// Calls `visit` for every file below a folder, in no particular order. Error: unreadable.
void visit_folder(const std::filesystem::path& folder, const VisitFile& visit);

/// Content of a file as bytes.
std::vector<std::uint8_t> file_bytes(const std::filesystem::path& path);

}  // namespace laq::data
