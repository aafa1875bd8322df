#include <fmt/format.h>

#include <map>
#include <utility>

#include "analysis/sheet.hpp"
#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

// What the characters are in LaTeX; the rest of ASCII and Latin letters stand for themselves. After
// the end of a table's line a bare * or [ is an argument.
const std::map<char32_t, std::string>& special() {
  static const std::map<char32_t, std::string> all = {{U'\\', "\\textbackslash{}"},
                                                      {U'{', "\\{"},
                                                      {U'}', "\\}"},
                                                      {U'%', "\\%"},
                                                      {U'&', "\\&"},
                                                      {U'_', "\\_"},
                                                      {U'#', "\\#"},
                                                      {U'$', "\\$"},
                                                      {U'~', "$\\sim$"},
                                                      {U'^', "\\textasciicircum{}"},
                                                      {U'<', "$<$"},
                                                      {U'>', "$>$"},
                                                      {U'|', "$|$"},
                                                      {U'"', "''"},
                                                      {U'`', "\\`{}"},
                                                      {U'*', "{*}"},
                                                      {U'[', "{[}"},
                                                      {U']', "{]}"},
                                                      {U'\u2212', "$-$"},
                                                      {U'–', "--"},
                                                      {U'—', "---"},
                                                      {U'…', "\\ldots{}"},
                                                      {U'×', "$\\times$"},
                                                      {U'±', "$\\pm$"},
                                                      {U'†', "\\dag{}"},
                                                      {U'‘', "`"},
                                                      {U'’', "'"},
                                                      {U'“', "``"},
                                                      {U'”', "''"},
                                                      {U'α', "$\\alpha$"},
                                                      {U'β', "$\\beta$"},
                                                      {U'Δ', "$\\Delta$"},
                                                      {U'√', "$\\surd$"},
                                                      {U'≤', "$\\leq$"},
                                                      {U'≥', "$\\geq$"},
                                                      {U'⌈', "$\\lceil$"},
                                                      {U'⌉', "$\\rceil$"},
                                                      {U'→', "$\\to$"},
                                                      {U'∞', "$\\infty$"},
                                                      {U'®', "\\textregistered{}"},
                                                      {U'™', "\\texttrademark{}"},
                                                      {U'\u00A0', "~"}};
  return all;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char32_t c : decode_utf8(text)) {
    const auto known = special().find(c);
    const bool letter = c < 0x80 || (c >= 0xC0 && c <= 0x17F);  // what inputenc knows
    if (known != special().end()) {
      result += known->second;
    } else if (letter) {
      result += encode_utf8({&c, 1});
    } else {
      result += fmt::format("{{[}}U+{:04X}{{]}}", static_cast<unsigned>(c));
    }
  }
  return result;
}

// Numbers with a sign or a spread are mathematics.
std::string number_or_text(const std::string& text) {
  std::string digits = text;
  for (const char* part : {"±", "−", "+"}) {
    for (std::size_t at; (at = digits.find(part)) != std::string::npos;)
      digits.erase(at, std::string(part).size());
  }
  const bool number = digits != text && digits.find_first_not_of("0123456789. ") == digits.npos &&
                      digits.find_first_of("0123456789") != digits.npos;
  if (!number) return escaped(text);
  std::string math = text;
  for (const auto& [sign, command] : {std::pair{"±", "\\pm"}, {"−", "-"}}) {
    for (std::size_t at; (at = math.find(sign)) != std::string::npos;)
      math.replace(at, std::string(sign).size(), command);
  }
  return "$" + math + "$";
}

std::string cell_text(const SheetCell& cell) {
  if (cell.text.empty()) return "--";
  std::string text = number_or_text(cell.text);
  if (cell.tone == SheetCell::Tone::bad) text = "\\emph{" + text + "}";
  if (cell.tone == SheetCell::Tone::strong) {
    text = text.starts_with("$") ? "$\\mathbf{" + text.substr(1, text.size() - 2) + "}$"
                                 : "\\textbf{" + text + "}";
  }
  return cell.dagger ? text + "\\rlap{$^{\\dag}$}" : text;
}

std::string tabular(const Sheet& sheet) {
  std::string columns, groups, rules, heads, body;
  for (std::size_t i = 0; i < sheet.heads.size();) {
    const std::string& group = sheet.heads[i].group;
    const std::size_t first = i;
    for (;
         i < sheet.heads.size() && sheet.heads[i].group == group && (i == first || !group.empty());
         ++i) {
      columns += sheet.heads[i].left ? 'l' : 'r';
      heads += (i > 0 ? " & " : "") + number_or_text(sheet.heads[i].text);
    }
    groups += first > 0 ? " & " : "";
    if (group.empty()) continue;
    groups += fmt::format("\\multicolumn{{{}}}{{c}}{{{}}}", i - first, escaped(group));
    rules += fmt::format("\\cmidrule(lr){{{}-{}}}", first + 1, i);
  }
  for (const auto& row : sheet.rows) {
    if (row.begins_group) body += "\\addlinespace\n";
    if (row.cells.size() == 1 && sheet.heads.size() > 1) {
      body += fmt::format("\\multicolumn{{{}}}{{l}}{{\\emph{{{}}}}} \\\\\n", sheet.heads.size(),
                          escaped(row.cells[0].text));
      continue;
    }
    std::vector<std::string> cells;
    for (const auto& cell : row.cells) cells.push_back(cell_text(cell));
    body += join(cells, " & ") + " \\\\\n";
  }
  if (!rules.empty()) groups += " \\\\\n" + rules + "\n";
  return fmt::format(
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{}{} \\\\\n\\midrule\n{}\\bottomrule\n"
      "\\end{{tabular}}\n",
      columns, rules.empty() ? "" : groups, heads, body);
}

// Labels take letters, digits and hyphens whatever the language's package makes active.
std::string label_of(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    text += plain ? c : '-';
  }
  return text;
}

}  // namespace

std::string latex(const Document& document) {
  std::string text = "% Needs \\usepackage{booktabs}.\n", about;
  std::vector<std::string> missing;
  for (const auto& block : document.blocks) {
    if (block.sheets.empty()) missing.insert(missing.end(), block.items.begin(), block.items.end());
  }
  std::size_t tables = 0;
  for (const auto& block : document.blocks) {
    for (const auto& one : block.paragraphs) (about += ' ') += escaped(one);
    for (const auto& sheet : block.sheets) {
      std::string caption = escaped(document.heading) + ".";
      if (tables++ > 0) caption += fmt::format(" {}.", escaped(sheet.title));
      caption += std::exchange(about, {});
      std::string below;
      for (const auto& note : sheet.notes) below += escaped(note) + "\\par\n";
      for (const auto& line : std::exchange(missing, {}))
        below += "Missing: " + escaped(line) + "\\par\n";
      if (!below.empty()) {
        below = "\\par\\medskip\n\\begin{minipage}{0.95\\linewidth}\\footnotesize\n" + below +
                "\\end{minipage}\n";
      }
      const std::string label =
          label_of(document.name) + (tables > 1 ? fmt::format("-{}", tables) : std::string());
      text += fmt::format(
          "{}\\begin{{table}}[tbp]\n\\centering\n\\small\n\\setlength{{\\tabcolsep}}{{4pt}}\n"
          "\\caption{{{}}}\n\\label{{tab:{}}}\n{}{}\\end{{table}}\n",
          tables > 1 ? "\n" : "", caption, label, tabular(sheet), below);
    }
  }
  return tables > 0 ? text : text + "% There is no run.\n";
}

}  // namespace laq::analysis
