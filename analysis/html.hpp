#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace laq::analysis {

/// Text for HTML and XML, in content and in quoted attributes: valid UTF-8, without control
/// characters.
std::string escaped_html(std::string_view text);

/// <a href="#anchor">…</a> around text that is escaped already.
std::string link_to(const std::string& anchor, const std::string& html);

/// Puts values in the places {{name}} of a template. Error: a place without a value, or a value
/// without a place.
std::string fill(std::string_view page,
                 const std::vector<std::pair<std::string, std::string>>& values);

/// A table with a caption and column heads, in a box of its own that scrolls when it is too wide.
/// Cells and heads are HTML.
class HtmlTable {
 public:
  HtmlTable(std::string caption, std::vector<std::string> heads, std::size_t left = 1);
  /// The first cell is the row's head.
  void row(const std::vector<std::string>& cells, const std::string& id = "");
  /// Begins a group of rows with a head of its own over all columns.
  void group(const std::string& head, const std::string& id);
  std::string html() const;

 private:
  std::string caption_, body_;
  std::vector<std::string> heads_;
  std::size_t left_;  // leading columns of text, aligned to the left
  bool open_ = false;
};

}  // namespace laq::analysis
