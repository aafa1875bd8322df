#include "analysis/render.hpp"

namespace laq::analysis {

const std::vector<std::pair<std::string, Format>>& formats() {
  static const std::vector<std::pair<std::string, Format>> all = {{"md", Format::markdown},
                                                                  {"latex", Format::latex},
                                                                  {"csv", Format::csv},
                                                                  {"json", Format::json}};
  return all;
}

std::string render(const Table& table, Format format) {
  switch (format) {
    case Format::markdown:
      return markdown(table);
    case Format::latex:
      return latex(table);
    case Format::csv:
      return csv(table);
    case Format::json:
      return json(table);
  }
  return "";
}

}  // namespace laq::analysis
