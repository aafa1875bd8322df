#include "analysis/markdown_grid.hpp"

#include <algorithm>
#include <cctype>

#include "analysis/unicode.hpp"

namespace laq::analysis {

namespace {

bool is_word(const std::string& text, std::size_t at) {
  return at < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[at])) || (text[at] & 0x80) != 0);
}

// Whether Markdown, GitHub's included, may read the character as a mark there.
bool is_mark(const std::string& text, std::size_t at) {
  switch (text[at]) {
    case '\\':
    case '|':
    case '`':
    case '*':
    case '<':
    case '~':
    case '$':
      return true;
    case '_':  // within a word it stands for itself
      return !is_word(text, at - 1) || !is_word(text, at + 1);
    case '&':
      return is_word(text, at + 1) || text.compare(at + 1, 1, "#") == 0;
    case '[':  // of a link, a footnote or a definition
      return at == 0 || text.compare(at + 1, 1, "^") == 0 ||
             text.find("](", at) != std::string::npos || text.find("][", at) != std::string::npos;
    case '#':
      return at == 0 || text[at - 1] == ' ';
    case '>':
    case '+':
    case '-':
    case '=':
      return at == 0;
    case '.':
    case ')':  // "1. " begins a list
      return at > 0 && text.find_first_not_of("0123456789") == at &&
             (at + 1 == text.size() || text[at + 1] == ' ');
    default:
      return false;
  }
}

}  // namespace

std::string markdown_escaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_mark(text, i)) result += '\\';
    result += text[i];
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
