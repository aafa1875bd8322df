#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "data/dataset_spec.hpp"

namespace laq::data {

/// Where data may be. Below both, files are in the dataset's folder.
struct DataPaths {
  std::filesystem::path data_dir = "data";
  std::optional<std::string> mirror = {};  ///< a folder or a URL
};

/// `LAQ_DATA_DIR` (otherwise "data" in the current folder) and `LAQ_DATA_MIRROR`; empty counts as
/// not set.
DataPaths paths_from_environment();

/// Whether a mirror is a URL; otherwise it is a folder.
bool is_url(const std::string& mirror);

/// Whether something is at this path. What cannot be looked at counts too: reading it says why.
bool occupied(const std::filesystem::path& path);

enum class Source { data_dir, mirror, package };

/// A file that is there; nothing is said about its content.
struct Located {
  std::filesystem::path path;
  Source source;
};

/// The file's names on disk: as published, and without ".gz" or, of a CIFAR archive, the folder
/// that is in it.
std::vector<std::string> names_on_disk(const DataFile& file);

/// A file of a dataset is in none of the places where it was looked for.
class MissingFile : public Error {
  using Error::Error;
};

/// Looks for the file in the data directory, the mirror when it is a folder, and the place of the
/// Debian package, packed or not. It is used where it is. Touches no network.
std::optional<Located> locate(const DatasetSpec& spec, const DataFile& file,
                              const DataPaths& paths);

/// Error: `MissingFile`, of the first file that cannot be located.
void require_files(const DatasetSpec& spec, const DataPaths& paths);

/// Locates a file and has it used. Errors of `use` get what to do next;
/// a missing file is a `MissingFile`.
void with_located(const DatasetSpec& spec, const DataFile& file, const DataPaths& paths,
                  const std::function<void(const std::filesystem::path&)>& use);

/// Locates, reads and checks an IDX file (`checked_content`) and returns its uncompressed content.
/// Errors name the file, what was found and expected, and what to do next.
std::vector<std::uint8_t> read_checked(const DatasetSpec& spec, const DataFile& file,
                                       const DataPaths& paths);

/// Content of a file that may not be longer than the published one can be. Error: too long,
/// unreadable.
std::string read_raw(const std::filesystem::path& path, const DataFile& file);

}  // namespace laq::data
