#include <fmt/format.h>

#include <functional>
#include <map>

#include "analysis/render.hpp"
#include "analysis/unicode.hpp"
#include "analysis/wording.hpp"

namespace laq::analysis {
namespace {

constexpr const char* kNone = "--";

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

std::string math(const std::string& number) {
  return "$" + number + "$";
}

std::string ours(const Column& column, const Entry& entry) {
  if (entry.ours.n == 0) return "\\emph{" + escaped(missing_states(entry)) + "}";
  const std::string mean = fixed(entry.ours.mean, column.decimals);
  const std::string text =
      entry.ours.sd ? mean + " \\pm " + fixed(*entry.ours.sd, column.decimals) : mean;
  return math(entry.best ? "\\mathbf{" + text + "}" : text);
}

std::string figure(const Entry& entry) {
  if (!entry.paper) return kNone;
  return entry.paper->text + (entry.paper->checked ? "" : "\\rlap{$^{\\dag}$}");
}

/// Head and first cells of the lines of a tabular; the columns of the experiments are added.
struct Tabular {
  std::string columns, groups, rules, head;
  std::vector<std::string> lines;
  std::vector<bool> begins_group;
  std::size_t used;

  explicit Tabular(const Table& table) : used(1 + table.axes.size()) {
    columns = std::string(used, 'l');
    head = "method";
    for (const auto& axis : table.axes) head += " & " + escaped(axis);
    groups = std::string(table.axes.size(), '&');
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const Row& row = table.rows[r];
      begins_group.push_back(table.begins_group(r));
      lines.push_back(escaped(row.title));
      for (const auto& [axis, value] : row.point) lines.back() += " & " + escaped(value);
    }
  }

  void add_group(const std::string& title, const std::vector<std::string>& heads) {
    columns += std::string(heads.size(), 'r');
    groups += fmt::format(" & \\multicolumn{{{}}}{{c}}{{{}}}", heads.size(), escaped(title));
    rules += fmt::format("\\cmidrule(lr){{{}-{}}}", used + 1, used + heads.size());
    for (const auto& one : heads) head += " & " + one;
    used += heads.size();
  }

  std::string text() const {
    std::string body;
    for (std::size_t r = 0; r < lines.size(); ++r) {
      if (begins_group[r]) body += "\\addlinespace\n";
      body += lines[r] + " \\\\\n";
    }
    return fmt::format(
        "\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n{}\n{} \\\\\n\\midrule\n{}\\bottomrule\n"
        "\\end{{tabular}}\n",
        columns, groups, rules, head, body);
  }
};

std::string results(const Table& table) {
  Tabular tabular(table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const bool paper = table.has_figures(c);
    const std::vector<std::string> plain = {"ours", "$n$"};
    const std::vector<std::string> compared = {"ours", "$n$", "paper", "ours $-$ paper"};
    tabular.add_group(table.columns[c].title, paper ? compared : plain);
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const Entry& entry = table.rows[r].entries[c];
      std::string& line = tabular.lines[r];
      line += " & " + ours(table.columns[c], entry) + " & " + count_text(entry);
      if (!paper) continue;
      line += " & " + figure(entry) + " & ";
      line += entry.difference ? math(signed_fixed(*entry.difference, table.columns[c].decimals))
                               : kNone;
    }
  }
  return tabular.text();
}

// Columns that are the same kind of figure for each experiment; texts are plain.
using Cells = std::function<std::vector<std::string>(const Entry&)>;

std::string plain(const Table& table, const std::vector<std::string>& heads, const Cells& cells) {
  Tabular tabular(table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    tabular.add_group(table.columns[c].title, heads);
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      for (const auto& text : cells(table.rows[r].entries[c]))
        tabular.lines[r] += " & " + (text.empty() ? kNone : escaped(text));
    }
  }
  return tabular.text();
}

std::string training(const Table& table) {
  return plain(table, {"ms per step", "rounds", "best epoch"}, training_cells);
}

std::string sizes(const Table& table) {
  return plain(table, {"bits", "MiB", "compression"}, size_cells);
}

std::string environment(const std::string& caption, const std::string& label,
                        const std::string& tabular, const std::string& notes) {
  return fmt::format(
      "\\begin{{table}}[tbp]\n\\centering\n\\small\n\\setlength{{\\tabcolsep}}{{4pt}}\n"
      "\\caption{{{}}}\n\\label{{tab:{}}}\n{}{}\\end{{table}}\n",
      caption, label, tabular, notes);
}

std::string notes(const Table& table) {
  std::vector<std::string> all;
  if (table.has_unchecked()) all.push_back("$^{\\dag}$ " + escaped(dagger_note()));
  if (table.has_best()) all.push_back(escaped(best_note()));
  if (has_single_runs(table)) all.push_back("$n = 1$" + escaped(single_run_note().substr(5)));
  for (const auto& note : unequal_seed_notes(table)) all.push_back(escaped(note));
  if (const auto source = source_note(table); !source.empty()) all.push_back(escaped(source));
  all.push_back(escaped(provenance_note(table)));
  for (const auto& line : absent_lines(table)) all.push_back("Missing: " + escaped(line));
  for (const auto& line : missing_lines(table)) all.push_back("Missing: " + escaped(line));
  std::string text = "\\par\\medskip\n\\begin{minipage}{0.95\\linewidth}\\footnotesize\n";
  for (const auto& note : all) text += note + "\\par\n";
  return text + "\\end{minipage}\n";
}

// Labels take letters, digits and hyphens whatever the language's package makes active.
std::string label(const Table& table) {
  std::string text;
  for (const char c : table.name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    text += plain ? c : '-';
  }
  return text;
}

}  // namespace

std::string latex(const Table& table) {
  const std::string head = escaped(heading(table));
  std::string caption = fmt::format("{}. {}", head, escaped(protocol_sentence(table)));
  for (const auto& note : table.notes) caption += fmt::format(" {}", escaped(note));
  std::string text = "% Needs \\usepackage{booktabs}.\n";
  if (table.columns.empty()) return text + "% The sweep plans no run.\n";
  text += environment(caption, label(table), results(table), notes(table));
  if (has_training(table)) {
    text += '\n';
    text += environment(fmt::format("{}. Training. {}", head, escaped(step_note(table))),
                        label(table) + "-training", training(table), "");
  }
  text += '\n';
  text += environment(fmt::format("{}. Size of the weights. {}", head, escaped(size_note())),
                      label(table) + "-size", sizes(table), "");
  return text;
}

}  // namespace laq::analysis
