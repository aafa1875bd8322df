#pragma once

#include <functional>
#include <string>

#include "data/download.hpp"
#include "data/locate.hpp"

namespace laq::data {

struct FetchOptions {
  bool offline = false;  ///< try folders only, no URL of any scheme
  /// Called with one line when a file is already there or was got.
  std::function<void(const std::string&)> report = {};
  /// How a URL is read: (URL, most bytes) → content.
  std::function<std::string(const std::string&, std::size_t)> read_url = download;
};

/// Puts every file of the dataset into `paths.data_dir`/<folder>: from the mirror, the Debian
/// package, then the published URLs, the first that passes the checks of its kind. A file that is
/// there and passes stays as it is; one that does not is replaced. Files are checked before they
/// are renamed into place, so a broken one never gets there. Error: no source had a good file; it
/// lists each source with its reason, and what to do.
void fetch(const DatasetSpec& spec, const DataPaths& paths, const FetchOptions& options = {});

}  // namespace laq::data
