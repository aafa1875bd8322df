#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace laq::analysis {

/// A Markdown table of text cells; the first row is the head.
struct Grid {
  std::vector<std::vector<std::string>> rows;
  std::size_t left = 1;  ///< leading columns that are aligned to the left, not to the right

  /// Aligned, so that it can be read as plain text too.
  std::string text() const;
};

/// With a backslash before what Markdown would take for a mark, at the start of a paragraph or
/// within it.
std::string markdown_escaped(const std::string& text);

}  // namespace laq::analysis
