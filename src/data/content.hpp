#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset_spec.hpp"

namespace laq::data {

/// The roles that a dataset of this kind with so many files needs, each once.
std::vector<std::string> roles(Kind kind, std::size_t files);

/// The most bytes that the file can have as published (compression can make it a little longer).
std::size_t most_raw_bytes(const DataFile& file);

/// Unpacks an IDX file's bytes and checks them: not a page of HTML, a whole archive, the format
/// (magic number, sizes, counts, labels), hash. Errors, beginning with `where`, say what was
/// found and expected; the caller adds what to do.
std::vector<std::uint8_t> checked_content(const DatasetSpec& spec, const DataFile& file,
                                          std::string_view raw, const std::string& where);

/// Checks bytes against what was published: not a page of HTML, size, SHA-256 or git blob id.
void check_published(const DataFile& file, std::string_view raw, const std::string& where);

/// The same for a file on disk, without having it in memory at once.
void check_published(const DataFile& file, const std::filesystem::path& path);

/// Error: `found` is not `expected`; `what` is counted ("images").
void check_count(std::int64_t found, std::int64_t expected, const char* what,
                 const std::string& where);

}  // namespace laq::data
