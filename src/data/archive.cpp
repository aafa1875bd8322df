#include "data/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/error.hpp"
#include "core/files.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

// Far above what any of the files has (CIFAR-100's training file: 153 MB).
constexpr std::size_t kMostBytes = std::size_t{1} << 28;

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

Error damaged(archive* reader, const std::string& where) {
  const char* reason = archive_error_string(reader);
  return Error({.what = fmt::format("archive is truncated or damaged ({})",
                                    reason ? reason : "libarchive refuses it"),
                .where = where});
}

Reader open(std::string_view raw, const std::string& where) {
  Reader reader(archive_read_new(), archive_read_free);
  if (!reader) throw Error({.what = "libarchive does not start"});
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip(reader.get());
  if (archive_read_open_memory(reader.get(), raw.data(), raw.size()) != ARCHIVE_OK) {
    throw damaged(reader.get(), where);
  }
  return reader;
}

/// In the C locale a name beyond ASCII has only its UTF-8 form.
std::string path_of(archive_entry* entry) {
  const char* name = archive_entry_pathname_utf8(entry);
  if (!name) name = archive_entry_pathname(entry);
  std::string path = name ? name : "";
  return path.starts_with("./") ? path.substr(2) : path;
}

std::vector<std::uint8_t> content_of(archive* reader, const std::string& where) {
  std::vector<std::uint8_t> content;
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  while (true) {
    const int state = archive_read_data_block(reader, &block, &size, &offset);
    if (state == ARCHIVE_EOF) return content;
    if (state < ARCHIVE_WARN) throw damaged(reader, where);
    if (offset < 0 ||
        static_cast<std::uint64_t>(offset) > kMostBytes - std::min(size, kMostBytes)) {
      throw Error({.what = "a file in the archive is too large",
                   .where = where,
                   .expected = fmt::format("at most {} bytes", kMostBytes)});
    }
    content.resize(static_cast<std::size_t>(offset));  // a sparse file's holes are zeros
    const auto* bytes = static_cast<const std::uint8_t*>(block);
    content.insert(content.end(), bytes, bytes + size);
  }
}

}  // namespace

void visit_archive(std::string_view raw, const std::string& where, const VisitFile& visit,
                   const WantFile& wanted) {
  const Reader reader = open(raw, where);
  archive_entry* entry = nullptr;
  while (true) {
    const int state = archive_read_next_header(reader.get(), &entry);
    if (state == ARCHIVE_EOF) return;
    if (state < ARCHIVE_WARN) throw damaged(reader.get(), where);
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    const std::string path = path_of(entry);
    if (wanted(path)) visit(path, content_of(reader.get(), where + ": " + path));
  }
}

void visit_folder(const fs::path& folder, const VisitFile& visit) {
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink,
                                         failed);
  while (!failed && entry != fs::recursive_directory_iterator()) {
    if (entry->is_regular_file(failed)) {  // a pipe would never end
      visit(entry->path().lexically_relative(folder).generic_string(), file_bytes(entry->path()));
    }
    entry.increment(failed);
  }
  if (failed) {
    throw Error({.what = "cannot read the folder: " + failed.message(), .where = folder.string()});
  }
}

std::vector<std::uint8_t> file_bytes(const fs::path& path) {
  const std::string content = read_file(path);
  return {content.begin(), content.end()};
}

}  // namespace laq::data
