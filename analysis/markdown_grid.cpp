#include "analysis/markdown_grid.hpp"

#include <algorithm>
#include <string_view>

#include "analysis/unicode.hpp"

namespace laq::analysis {

std::string markdown_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("\\|`*<").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string Grid::text() const {
  std::vector<std::size_t> widths(rows.front().size(), 3);  // "--:" needs three
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string all;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string& cell = rows[r][i];
      const std::string space(widths[i] - display_width(cell), ' ');
      all += "| " + (i < left ? cell + space : space + cell) + " ";
    }
    all += "|\n";
    if (r > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string dashes(widths[i] - 1, '-');
      all += "| " + (i < left ? ":" + dashes : dashes + ":") + " ";
    }
    all += "|\n";
  }
  return all;
}

}  // namespace laq::analysis
