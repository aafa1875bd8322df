#include "data/locate.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "data/content.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

struct Place {
  fs::path folder;
  Source source;
};

std::vector<Place> places(const DatasetSpec& spec, const DataFile& file, const DataPaths& paths) {
  std::vector<Place> all{{paths.data_dir / spec.folder_name(), Source::data_dir}};
  if (paths.mirror && !is_url(*paths.mirror)) {
    all.push_back({fs::path(*paths.mirror) / spec.folder_name(), Source::mirror});
  }
  if (!file.package_path.empty()) {
    all.push_back({file.package_path.parent_path(), Source::package});
  }
  return all;
}

std::string fetch_command(const DatasetSpec& spec, const DataPaths& paths) {
  std::string command = "laq data fetch " + spec.name;
  if (paths.data_dir != paths_from_environment().data_dir) {
    command += " --data-dir " + paths.data_dir.string();
  }
  return command;
}

MissingFile missing(const DatasetSpec& spec, const DataFile& file, const DataPaths& paths) {
  std::vector<std::string> folders;
  for (const auto& place : places(spec, file, paths)) folders.push_back(place.folder.string());
  std::string advice = "run: " + fetch_command(spec, paths);
  if (spec.cut_from)
    advice = fmt::format("apt-get install {}, then {}", spec.debian_package, advice);
  else if (!spec.debian_package.empty())
    advice += ", or: apt-get install " + spec.debian_package;
  advice += fmt::format(", or put it into DIR/{} and pass --mirror DIR or set LAQ_DATA_MIRROR=DIR",
                        spec.folder_name());
  return MissingFile({.what = "data file is missing",
                      .where = spec.name + "/" + file.name,
                      .expected = "it in " + join(folders, " or "),
                      .advice = advice});
}

std::string advice_for(const DatasetSpec& spec, const DataPaths& paths, Source source) {
  if (spec.kind == Kind::image_folder ||
      spec.kind == Kind::table) {  // the user's own: nobody publishes a good one
    return fmt::format("mend it there, or, if it is right, mend configs/datasets/{}.yaml",
                       spec.name);
  }
  const std::string fetch = "run: " + fetch_command(spec, paths);
  switch (source) {
    case Source::data_dir:
      return fetch;
    case Source::mirror:
      return "replace it in the mirror, or " + fetch;
    case Source::package:
      return fmt::format("run: apt-get install --reinstall {}, or {}", spec.debian_package, fetch);
  }
  return fetch;
}

}  // namespace

DataPaths paths_from_environment() {
  return {.data_dir = environment("LAQ_DATA_DIR").value_or("data"),
          .mirror = environment("LAQ_DATA_MIRROR")};
}

bool is_url(const std::string& mirror) {
  return mirror.find("://") != std::string::npos;
}

bool occupied(const fs::path& path) {
  std::error_code failed;
  return fs::status(path, failed).type() != fs::file_type::not_found;
}

std::vector<std::string> names_on_disk(const DataFile& file) {
  if (!file.unpacked.empty()) return {file.name, file.unpacked};
  if (!file.name.ends_with(".gz") || file.name.ends_with(".tar.gz")) return {file.name};
  return {file.name, file.name.substr(0, file.name.size() - 3)};
}

std::optional<Located> locate(const DatasetSpec& spec, const DataFile& file,
                              const DataPaths& paths) {
  for (const auto& place : places(spec, file, paths)) {
    for (const auto& name : names_on_disk(file)) {
      if (occupied(place.folder / name)) return Located{place.folder / name, place.source};
    }
  }
  return std::nullopt;
}

std::string read_raw(const fs::path& path, const DataFile& file) {
  std::error_code not_a_file;
  const auto size = fs::file_size(path, not_a_file);  // when it fails, read_file says why
  if (!not_a_file && size > most_raw_bytes(file)) {
    throw Error({.what = "file is too long",
                 .where = path.string(),
                 .found = fmt::format("{} bytes", size),
                 .expected = fmt::format("at most {}", most_raw_bytes(file))});
  }
  return read_file(path);
}

void require_files(const DatasetSpec& spec, const DataPaths& paths) {
  for (const auto& file : spec.files) {
    if (!locate(spec, file, paths)) throw missing(spec, file, paths);
  }
}

void with_located(const DatasetSpec& spec, const DataFile& file, const DataPaths& paths,
                  const std::function<void(const fs::path&)>& use) {
  const auto found = locate(spec, file, paths);
  if (!found) throw missing(spec, file, paths);
  try {
    use(found->path);
  } catch (const Error& error) {
    throw Error({.what = error.what(), .advice = advice_for(spec, paths, found->source)});
  }
}

std::vector<std::uint8_t> read_checked(const DatasetSpec& spec, const DataFile& file,
                                       const DataPaths& paths) {
  std::vector<std::uint8_t> content;
  with_located(spec, file, paths, [&](const fs::path& path) {
    content = checked_content(spec, file, read_raw(path, file), path.string());
  });
  return content;
}

}  // namespace laq::data
