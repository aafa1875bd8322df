#include "data/source_text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "core/error.hpp"

namespace laq::data {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;
/// The place of a file in the text: number of its folder, path.
using Place = std::pair<std::size_t, std::string>;

Error unreadable(archive* reader, const std::string& where) {
  const char* reason = archive_error_string(reader);
  return Error({.what = fmt::format("archive cannot be read ({})",
                                    reason ? reason : "libarchive refuses it"),
                .where = where});
}

Reader open(const std::string& path) {
  Reader reader(archive_read_new(), archive_read_free);
  if (!reader) throw Error({.what = "libarchive does not start"});
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK)
    throw unreadable(reader.get(), path);
  return reader;
}

/// The path below the archive's top folder, which carries the version.
std::string below_top(const std::string& path) {
  const auto slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(slash + 1);
}

std::size_t folder_of(const std::string& path, const std::vector<std::string>& folders) {
  const auto found = std::find_if(folders.begin(), folders.end(), [&](const auto& folder) {
    return path.starts_with(folder + "/");
  });
  return static_cast<std::size_t>(found - folders.begin());
}

bool plain(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || c == '\t' || (c >= ' ' && c <= '~'); });
}

std::string content_of(archive* reader, std::size_t size, const std::string& where) {
  std::string content(size, '\0');
  const la_ssize_t got = archive_read_data(reader, content.data(), size);
  if (got < 0 || static_cast<std::size_t>(got) != size) throw unreadable(reader, where);
  return content;
}

std::map<Place, std::string> sources(const SourceText& source, const std::string& where) {
  const Reader reader = open(where);
  std::map<Place, std::string> all;
  archive_entry* entry = nullptr;
  while (true) {
    const int state = archive_read_next_header(reader.get(), &entry);
    if (state == ARCHIVE_EOF) return all;
    if (state < ARCHIVE_WARN) throw unreadable(reader.get(), where);
    const char* name = archive_entry_pathname(entry);
    const std::string path = below_top(name ? name : "");
    const std::size_t folder = folder_of(path, source.folders);
    if (archive_entry_filetype(entry) != AE_IFREG || !path.ends_with(".c") ||
        folder == source.folders.size()) {
      continue;
    }
    std::string content = content_of(
        reader.get(), static_cast<std::size_t>(archive_entry_size(entry)), where + ": " + path);
    if (plain(content)) all.emplace(Place{folder, path}, std::move(content));
  }
}

}  // namespace

std::string source_text(const SourceText& source) {
  const std::string where = source.archive.string();
  std::string text;
  for (const auto& [place, content] : sources(source, where)) text += content;
  const auto wanted = static_cast<std::size_t>(source.characters);
  if (text.size() < wanted) {
    throw Error({.what = "the archive has too little text",
                 .where = where,
                 .found = fmt::format("{} characters", text.size()),
                 .expected = std::to_string(wanted)});
  }
  text.resize(wanted);
  return text;
}

}  // namespace laq::data
