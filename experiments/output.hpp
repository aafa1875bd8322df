#pragma once

#include <filesystem>
#include <string>

namespace laq {

/// Whether `--out` means standard output: "-", or what standard output is, by any name.
bool means_standard_output(const std::string& out);

/// Writes text to where `--out` says: a file, or standard output, which is also meant by "".
void write_text(const std::string& out, const std::string& text);

/// Usage error: `--out` means standard output, where `what` cannot go.
void require_a_path(const std::string& out, const std::string& what);

/// Usage error: `--out` is this file, which is named as `what`.
void require_other_than(const std::string& out, const std::filesystem::path& file,
                        const std::string& what);

}  // namespace laq
