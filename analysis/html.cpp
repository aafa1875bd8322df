#include "analysis/html.hpp"

#include <fmt/format.h>

#include <set>

#include "analysis/unicode.hpp"
#include "core/error.hpp"

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

std::string fill(std::string_view page,
                 const std::vector<std::pair<std::string, std::string>>& values) {
  std::string result;
  std::set<std::string> used;
  while (!page.empty()) {
    const auto open = page.find("{{");
    result += page.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = page.find("}}", open);
    if (close == std::string_view::npos) throw Error({.what = "a template has an open {{"});
    const std::string name(page.substr(open + 2, close - open - 2));
    const std::string* value = nullptr;
    for (const auto& [key, text] : values) value = key == name ? &text : value;
    if (!value) throw Error({.what = "a template has an unknown place", .found = name});
    result += *value;
    used.insert(name);
    page.remove_prefix(close + 2);
  }
  for (const auto& value : values) {
    if (!used.contains(value.first))
      throw Error({.what = "a template has no place for", .found = value.first});
  }
  return result;
}

HtmlTable::HtmlTable(std::string caption, std::vector<std::string> heads, std::size_t left)
    : caption_(std::move(caption)), heads_(std::move(heads)), left_(left) {}

void HtmlTable::row(const std::vector<std::string>& cells, const std::string& id) {
  if (!open_) body_ += "<tbody>\n";
  open_ = true;
  body_ += id.empty() ? "<tr>" : fmt::format("<tr id=\"{}\">", escaped_html(id));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const char* side = i < left_ ? " class=\"text\"" : "";
    body_ += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", side, cells[i])
                    : fmt::format("<td{}>{}</td>", side, cells[i]);
  }
  body_ += "</tr>\n";
}

void HtmlTable::group(const std::string& head, const std::string& id) {
  if (open_) body_ += "</tbody>\n";
  open_ = true;
  body_ += fmt::format(
      "<tbody id=\"{}\">\n<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>\n",
      escaped_html(id), heads_.size(), head);
}

std::string HtmlTable::html() const {
  std::string text = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table: {0}\">\n"
      "<table>\n<caption>{0}</caption>\n<thead>\n<tr>",
      escaped_html(caption_));
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    text +=
        fmt::format("<th scope=\"col\"{}>{}</th>", i < left_ ? " class=\"text\"" : "", heads_[i]);
  }
  return text + "</tr>\n</thead>\n" + body_ + (open_ ? "</tbody>\n" : "") + "</table>\n</div>\n";
}

}  // namespace laq::analysis
