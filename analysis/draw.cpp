#include "analysis/draw.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <kainjow/mustache.hpp>
#include <regex>
#include <set>

#include "analysis/chart_layout.hpp"
#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "embedded/style.gp.hpp"
#include "sweep/child.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr int kMostNarrow = 480;  // pixels up to which a narrow figure grows
constexpr const char* kList = "figures.tsv";

/// A folder of its own below the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = fs::path(environment("TMPDIR").value_or("/tmp")) / "laq-figures-XXXXXX";
    if (!::mkdtemp(pattern.data())) {
      throw Error({.what = "cannot make a temporary folder: " + errno_text(),
                   .where = pattern,
                   .advice = "let TMPDIR name a folder that can be written to"});
    }
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// What went wrong, without the line of the script and the caret below it.
std::string first_complaint(const std::string& said) {
  for (const auto& line : split(said, '\n')) {
    if (line.find("line ") != std::string::npos && line.find(": ") != std::string::npos)
      return line;
  }
  return first_line(said);
}

std::vector<std::string> files_of(const Chart& chart) {
  std::vector<std::string> files;
  for (const char* ending : {".svg", ".pdf", ".gp", ".tsv"}) files.push_back(chart.name + ending);
  return files;
}

// Returns the width.
int draw(const Chart& chart, int width, const fs::path& folder,
         const std::vector<std::string>& forms) {
  const Drawing drawing = lay_out(chart, width);
  const std::string script = chart.name + ".gp";
  replace_file(folder / script, script_of(chart, drawing));
  replace_file(folder / (chart.name + ".tsv"), drawing.table);
  run_gnuplot(script, forms, folder);
  for (const auto& form : forms) {
    std::error_code failed;
    const auto size = fs::file_size(folder / (chart.name + "." + form), failed);
    if (failed || size == 0)
      throw Error({.what = "gnuplot wrote no " + form, .where = "figure " + chart.name});
  }
  return drawing.width;
}

std::string list_of(const Charts& charts) {
  std::string text = "figure\ttitle\tstate\treason\tfiles\n";
  for (const auto& chart : charts.drawn)
    text += fmt::format("{}\t{}\tdrawn\t\t{}\n", chart.name, table_field(chart.title),
                        join(files_of(chart), " "));
  for (const auto& one : charts.left_out)
    text += fmt::format("\t{}\tleft out\t{}\t\n", table_field(one.title), one.reason);
  return text;
}

// What an earlier list says was written. Only names without a folder: the list may be anyone's.
std::set<std::string> files_listed(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code ignored;
  if (!fs::exists(folder / kList, ignored)) return names;
  for (const auto& line : split(read_file(folder / kList), '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() < 5 || fields[2] != "drawn") continue;
    for (const auto& name : split(fields[4], ' ')) {
      if (!name.empty() && file_word(name) == name && name != "." && name != "..")
        names.insert(name);
    }
  }
  return names;
}

// The bytes that go to the user: of a drawn file, or of a table or script as it was written.
std::string finished(const fs::path& file, const Chart& chart) {
  const std::string content = read_file(file);
  if (file.extension() == ".pdf") return without_date(content);
  if (file.extension() != ".svg") return content;
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + fit_for_page(content, chart, chart.name);
}

}  // namespace

void run_gnuplot(const std::string& script, const std::vector<std::string>& forms,
                 const fs::path& folder) {
  std::vector<std::string> words = {"gnuplot", "-e", "cd " + script_text(folder.string())};
  for (const auto& form : forms)
    words.insert(words.end(), {"-e", "form = " + script_text(form), script});
  sweep::Answer answer;
  try {
    answer = sweep::ask(words);
  } catch (const Error& error) {
    throw Error({.what = std::string("no figures: ") + error.what(),
                 .advice = "if it is not installed, install Debian's package gnuplot-nox"});
  }
  if (answer.exit_code != 0)
    throw Error({.what = "gnuplot failed: " + first_complaint(answer.err), .where = script});
}

std::string script_of(const Chart& chart, const Drawing& drawing) {
  return fmt::format(
      "# {}.\n# Draws {}.svg; with gnuplot -e \"form='pdf'\" the PDF.\nreset\nNAME = {}\nWIDTH = "
      "{}\nHEIGHT = {}\n{}\n{}\nunset output\n",
      one_line(chart.title), chart.name, script_text(chart.name), drawing.width, drawing.height,
      kStyle, drawing.script);
}

void write_charts(const Charts& charts, int width, const fs::path& folder) {
  const TemporaryFolder drawn;
  for (const auto& chart : charts.drawn) draw(chart, width, drawn.path(), {"svg", "pdf"});
  make_folder(folder);
  std::set<std::string> old = files_listed(folder);
  for (const auto& chart : charts.drawn) {
    for (const auto& name : files_of(chart)) {
      replace_file(folder / name, finished(drawn.path() / name, chart));
      old.erase(name);
    }
  }
  replace_file(folder / kList, list_of(charts));
  std::error_code ignored;
  for (const auto& name : old) fs::remove(folder / name, ignored);
}

void write_chart(const Chart& chart, const fs::path& file) {
  const std::string ending = file.extension().string();
  if (ending != ".svg" && ending != ".pdf") {
    throw usage_error({.what = "a figure is written as SVG or PDF",
                       .where = file.string(),
                       .found = "'" + ending + "'",
                       .expected = "a name that ends in .svg or .pdf"});
  }
  const TemporaryFolder drawn;
  draw(chart, kWideWidth, drawn.path(), {ending.substr(1)});
  replace_file(file, finished(drawn.path() / (chart.name + ending), chart));
}

std::vector<std::string> inline_figures(const std::vector<Chart>& charts) {
  const TemporaryFolder drawn;
  std::vector<std::string> figures;
  for (const auto& chart : charts) {
    std::string& figure = figures.emplace_back();
    for (const std::string name : {"wide", "narrow"}) {
      const bool wide = name == "wide";
      const int width = draw(chart, wide ? kWideWidth : kNarrowWidth, drawn.path(), {"svg"});
      figure += fmt::format("<div class=\"{}\" style=\"max-width:{}px\">\n{}</div>\n", name,
                            wide ? width : kMostNarrow,
                            fit_for_page(read_file(drawn.path() / (chart.name + ".svg")), chart,
                                         chart.name + "-" + name));
    }
  }
  return figures;
}

std::string fit_for_page(std::string svg, const Chart& chart, const std::string& name) {
  // gnuplot names every curve, for a script of its own, with letters that run out after 26 panels.
  static const std::regex curve_name("<g id=\"gnuplot_plot_[^<]*<title>[^<]*</title>");
  static const std::regex identifier("(id='|id=\"|href='#|url\\(#)(gp|gnuplot_|textbox|greybox)");
  static const std::regex font("font-family=\"DejaVu Sans\"");
  svg = std::regex_replace(svg, curve_name, "<g>");
  svg = std::regex_replace(svg, identifier, "$1" + name + "-$2");
  // Verdana has the same widths.
  svg = std::regex_replace(svg, font, "font-family=\"DejaVu Sans, Verdana, sans-serif\"");
  const auto start = svg.find("<svg"), title = svg.find("<title>"), end = svg.find("</desc>");
  if (start == svg.npos || title == svg.npos || end == svg.npos)
    throw Error({.what = "gnuplot wrote an unknown kind of SVG", .where = "figure " + chart.name});
  return fmt::format(
      "<svg role=\"img\" aria-labelledby=\"svg-{0}-title\" aria-describedby=\"svg-{0}-desc\"{1}"
      "<title id=\"svg-{0}-title\">{2}</title>\n<desc id=\"svg-{0}-desc\">{3}{4}",
      name, svg.substr(start + 4, title - start - 4), escaped_html(chart.title),
      escaped_html(chart.caption), svg.substr(end));
}

std::string without_date(const std::string& pdf) {
  static const std::regex date("/CreationDate \\(D:\\d{14}");
  return std::regex_replace(pdf, date, "/CreationDate (D:19700101000000");
}

std::string escaped_html(const std::string& text) {
  return kainjow::mustache::html_escape(one_line(text));
}

}  // namespace laq::analysis
