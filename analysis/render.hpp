#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analysis/table.hpp"

namespace laq::analysis {

enum class Format { markdown, latex, csv, json };

/// (name on the command line and file extension, format).
const std::vector<std::pair<std::string, Format>>& formats();

/// The table as the text of a file. Each is UTF-8 and ends with a line feed.
std::string render(const Table& table, Format format);

/// Aligned columns, readable as plain text too.
std::string markdown(const Table& table);
/// A `table` environment with booktabs, to be \input; a second one with step times.
std::string latex(const Table& table);
/// RFC 4180, one line per row × experiment, full precision.
std::string csv(const Table& table);
/// Everything that is known, the reasons of missing runs included.
std::string json(const Table& table);

}  // namespace laq::analysis
