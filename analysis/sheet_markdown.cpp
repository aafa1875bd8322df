#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "analysis/sheet.hpp"
#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr const char* kNone = "–";
constexpr const char* kDagger = "†";

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

std::string cell_text(const SheetCell& cell, bool daggers) {
  if (cell.text.empty()) return kNone;
  // Within a table no number begins a list or strikes anything out.
  const bool number = cell.text.find_first_not_of("0123456789.+~ \xC2\xB1\xC3\x97\xE2\x88\x92") ==
                      std::string::npos;
  const std::string text = number ? cell.text : markdown_escaped(cell.text);
  if (cell.tone == SheetCell::Tone::strong) return "**" + text + "**";
  if (cell.dagger) return text + kDagger;
  return daggers ? text + " " : text;  // digits below digits
}

std::string head_text(const Sheet& sheet, std::size_t i) {
  const SheetHead& head = sheet.heads[i];
  const bool first = i == 0 || sheet.heads[i - 1].group != head.group;
  if (head.group.empty() || !first) return markdown_escaped(head.text);
  return markdown_escaped(head.group + (head.text.empty() ? "" : ", " + head.text));
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

std::string markdown(const Sheet& sheet) {
  const std::size_t columns = sheet.heads.size();
  std::vector<bool> daggers(columns);
  for (const auto& row : sheet.rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      daggers[i] = daggers[i] || row.cells[i].dagger;
  }
  std::vector<std::vector<std::string>> lines(1);
  for (std::size_t i = 0; i < columns; ++i) lines[0].push_back(head_text(sheet, i));
  for (const auto& row : sheet.rows) {
    auto& line = lines.emplace_back();
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      line.push_back(cell_text(row.cells[i], daggers[i]));
    line.resize(columns);
  }
  std::vector<std::size_t> widths(columns, 3);  // "--:" needs three
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < columns; ++i)
      widths[i] = std::max(widths[i], display_width(line[i]));
  }
  std::string text, rule;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < columns; ++i) {
      const bool left = sheet.heads[i].left;
      const std::string space(widths[i] - display_width(line[i]), ' ');
      text += "| " + (left ? line[i] + space : space + line[i]) + " ";
      const std::string dashes(widths[i] - 1, '-');
      if (&line == &lines[0]) rule += "| " + (left ? ":" + dashes : dashes + ":") + " ";
    }
    text += "|\n";
    if (!rule.empty()) text += std::exchange(rule, "") + "|\n";
  }
  return text;
}

std::string markdown(const Document& document) {
  std::string text = fmt::format("# {}\n", markdown_escaped(document.heading));
  for (const auto& block : document.blocks) {
    if (!block.title.empty()) text += fmt::format("\n## {}\n", markdown_escaped(block.title));
    for (const auto& one : block.paragraphs) text += fmt::format("\n{}\n", markdown_escaped(one));
    for (const auto& sheet : block.sheets) {
      (text += '\n') += markdown(sheet);
      std::vector<std::string> notes;
      for (const auto& note : sheet.notes) notes.push_back(markdown_escaped(note));
      if (!notes.empty()) text += fmt::format("\n{}\n", join(notes, "  \n"));
    }
    if (!block.items.empty()) text += "\n";
    for (const auto& item : block.items) text += fmt::format("- {}\n", markdown_escaped(item));
  }
  return text;
}

}  // namespace laq::analysis
