#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset_spec.hpp"

namespace laq::data {

/// The roles that a dataset of this kind needs, each once.
std::vector<std::string> roles(Kind kind);

/// The most bytes that the file can have as published (compression can make it a little longer).
std::size_t most_raw_bytes(const DataFile& file);

/// Unpacks a file's bytes and checks them: not a page of HTML, a whole archive, the format of the
/// dataset's kind (magic number, sizes, counts, labels), SHA-256. Errors, beginning with `where`,
/// say what was found and expected; the caller adds what to do.
std::vector<std::uint8_t> checked_content(const DatasetSpec& spec, const DataFile& file,
                                          std::string_view raw, const std::string& where);

}  // namespace laq::data
