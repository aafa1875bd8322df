#pragma once

#include <string>

#include "data/dataset_spec.hpp"

namespace laq::data {

/// Makes a text from the C sources in a tar archive (xz or gzip): the files `*.c` below the
/// folders, folder after folder, each folder's in the order of their paths; files that are not
/// plain ASCII are left out; exactly `characters` of it. Errors: an unreadable or damaged archive,
/// too little text in it.
std::string source_text(const SourceText& source);

}  // namespace laq::data
