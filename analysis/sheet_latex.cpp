#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <sstream>
#include <utility>

#include "analysis/sheet.hpp"
#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

// What characters are in LaTeX; the rest of ASCII and Latin letters stand for themselves. After the
// end of a table's line a bare * or [ is an argument.
constexpr const char* kSpecial = R"(
  \ \textbackslash{}  { \{  } \}  % \%  & \&  _ \_  # \#  $ \$  ~ $\sim$  ^ \textasciicircum{}
  < $<$  > $>$  | $|$  " ''  ` \`{}  * {*}  [ {[}  ] {]}
  − $-$  – --  — ---  … \ldots{}  × $\times$  ± $\pm$  † \dag{}  ‘ `  ’ '  “ ``  ” ''
  α $\alpha$  β $\beta$  Δ $\Delta$  √ $\surd$  ≤ $\leq$  ≥ $\geq$  ⌈ $\lceil$  ⌉ $\rceil$
  → $\to$  ∞ $\infty$  ® \textregistered{}  ™ \texttrademark{}
)";

std::map<std::string, std::string> read_special() {
  std::map<std::string, std::string> all = {{"\u00A0", "~"}};
  std::istringstream words(kSpecial);
  for (std::string character, text; words >> character >> text;) all[character] = text;
  return all;
}

std::string escaped(const std::string& text) {
  static const std::map<std::string, std::string> special = read_special();
  std::string result;
  for (const char32_t c : decode_utf8(text)) {
    const std::string character = encode_utf8({&c, 1});
    const bool letter = c < 0x80 || (c >= 0xC0 && c <= 0x17F);  // what inputenc knows
    if (const auto known = special.find(character); known != special.end()) {
      result += known->second;
    } else if (letter) {
      result += character;
    } else {
      result += fmt::format("{{[}}U+{:04X}{{]}}", static_cast<unsigned>(c));
    }
  }
  return result;
}

// Numbers with a sign or a spread are mathematics.
std::string number_or_text(const std::string& text) {
  static const std::regex number("(?=.*[0-9])(?=.*(±|−|[+]))(±|−|[+0-9. ])+"), spread("±"),
      minus("−");
  if (!std::regex_match(text, number)) return escaped(text);
  const std::string math = std::regex_replace(std::regex_replace(text, spread, "\\pm"), minus, "-");
  return fmt::format("${}$", math);
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
std::string label_of(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '-');
  return name;
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
