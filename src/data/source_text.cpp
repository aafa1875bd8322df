#include "data/source_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/error.hpp"
#include "core/files.hpp"
#include "data/archive.hpp"

namespace laq::data {
namespace {

/// The path below the archive's top folder, which carries the version.
std::string below_top(const std::string& path) {
  const auto slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(slash + 1);
}

std::size_t folder_of(const std::string& path, const std::vector<std::string>& folders) {
  const auto found = std::ranges::find_if(
      folders, [&](const auto& folder) { return path.starts_with(folder + "/"); });
  return static_cast<std::size_t>(found - folders.begin());
}

bool plain(const std::vector<std::uint8_t>& text) {
  return std::ranges::all_of(
      text, [](auto c) { return c == '\n' || c == '\t' || (c >= ' ' && c <= '~'); });
}

}  // namespace

std::string source_text(const SourceText& source) {
  const std::string where = source.archive.string();
  std::map<std::pair<std::size_t, std::string>, std::string> files;  // by folder's place and path
  visit_archive(
      read_file(source.archive), where,
      [&](const std::string& name, const std::vector<std::uint8_t>& content) {
        const std::string path = below_top(name);
        if (plain(content))
          files[{folder_of(path, source.folders), path}].assign(content.begin(), content.end());
      },
      [&](const std::string& name) {
        const std::string path = below_top(name);
        return path.ends_with(".c") && folder_of(path, source.folders) < source.folders.size();
      });
  std::string text;
  for (const auto& [place, content] : files) text += content;
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
