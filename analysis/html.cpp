#include "analysis/html.hpp"

#include <fmt/format.h>

#include "analysis/unicode.hpp"

namespace laq::analysis {

std::string escaped_html(std::string_view text) {
  std::string result;
  for (const char c : one_line(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string link_to(const std::string& anchor, const std::string& html) {
  return fmt::format("<a href=\"#{}\">{}</a>", escaped_html(anchor), html);
}

}  // namespace laq::analysis
