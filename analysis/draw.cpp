#include "analysis/draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <set>

#include "analysis/chart_layout.hpp"
#include "analysis/gnuplot.hpp"
#include "analysis/unicode.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "embedded/style.gp.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr int kMostNarrow = 480;  // pixels up to which a narrow figure grows
constexpr const char* kList = "figures.tsv";
constexpr const char* kFilesColumn = "files";

std::vector<std::string> files_of(const Chart& chart) {
  std::vector<std::string> files;
  for (const char* ending : {".svg", ".pdf", ".gp", ".tsv"}) files.push_back(chart.name + ending);
  return files;
}

// Returns the width.
int draw(const Chart& chart, int width, const fs::path& folder,
         const std::vector<std::string>& forms) {
  const Drawing drawing = lay_out(chart, width);
  replace_file(folder / (chart.name + ".gp"), script_of(chart, drawing));
  replace_file(folder / (chart.name + ".tsv"), drawing.table);
  std::vector<std::string> arguments;
  for (const auto& form : forms) {
    arguments.insert(arguments.end(), {"-e", "form='" + form + "'", chart.name + ".gp"});
  }
  run_gnuplot(arguments, folder);
  for (const auto& form : forms) {
    std::error_code failed;
    const auto size = fs::file_size(folder / (chart.name + "." + form), failed);
    if (failed || size == 0)
      throw Error({.what = "gnuplot wrote no " + form, .where = "figure " + chart.name});
  }
  return drawing.width;
}

std::string list_of(const Charts& charts) {
  std::string text = fmt::format("figure\ttitle\tstate\treason\t{}\n", kFilesColumn);
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

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// gnuplot names every curve, for a script of its own, with letters that run out after 26 panels.
void drop_curve_names(std::string& svg) {
  const std::string begin = "<g id=\"gnuplot_plot_", end = "</title>";
  for (std::size_t at = 0; (at = svg.find(begin, at)) != std::string::npos;) {
    const auto last = svg.find(end, at);
    if (last == std::string::npos) return;
    svg.replace(at, last + end.size() - at, "<g>");
  }
}

// The bytes that go to the user: of a drawn file, or of a table or script as it was written.
std::string finished(const fs::path& file, const Chart& chart) {
  std::string content = read_file(file);
  if (file.extension() == ".pdf") return without_date(std::move(content));
  if (file.extension() != ".svg") return content;
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" +
         fit_for_page(std::move(content), chart, chart.name);
}

}  // namespace

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
  if (charts.drawn.empty()) require_gnuplot();
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
  const std::string form = file.extension() == ".svg"   ? "svg"
                           : file.extension() == ".pdf" ? "pdf"
                                                        : "";
  if (form.empty()) {
    throw usage_error({.what = "a figure is written as SVG or PDF",
                       .where = file.string(),
                       .found = "'" + file.extension().string() + "'",
                       .expected = "a name that ends in .svg or .pdf"});
  }
  const TemporaryFolder drawn;
  draw(chart, kWideWidth, drawn.path(), {form});
  replace_file(file, finished(drawn.path() / (chart.name + "." + form), chart));
}

std::vector<std::string> inline_figures(const std::vector<Chart>& charts) {
  const TemporaryFolder drawn;
  std::vector<std::string> figures;
  for (const auto& chart : charts) {
    std::string& figure = figures.emplace_back();
    for (const auto& [name, width] : {std::pair("wide", kWideWidth), {"narrow", kNarrowWidth}}) {
      const int drawn_width = draw(chart, width, drawn.path(), {"svg"});
      figure += fmt::format("<div class=\"{}\" style=\"max-width:{}px\">\n{}</div>\n", name,
                            name == std::string("wide") ? drawn_width : kMostNarrow,
                            fit_for_page(read_file(drawn.path() / (chart.name + ".svg")), chart,
                                         chart.name + "-" + name));
    }
  }
  if (charts.empty()) require_gnuplot();
  return figures;
}

std::string fit_for_page(std::string svg, const Chart& chart, const std::string& name) {
  drop_curve_names(svg);
  const auto start = svg.find("<svg");
  const auto title = svg.find("<title>"), end = svg.find("</desc>");
  if (start == std::string::npos || title == std::string::npos || end == std::string::npos)
    throw Error({.what = "gnuplot wrote an unknown kind of SVG", .where = "figure " + chart.name});
  const std::string id = "svg-" + name;
  svg = svg.substr(0, title) +
        fmt::format("<title id=\"{}-title\">{}</title>\n<desc id=\"{}-desc\">{}</desc>", id,
                    escaped_html(chart.title), id, escaped_html(chart.caption)) +
        svg.substr(end + std::string("</desc>").size());
  svg = svg.substr(start);
  svg.replace(0, 4,
              fmt::format("<svg role=\"img\" aria-labelledby=\"{0}-title\" "
                          "aria-describedby=\"{0}-desc\"",
                          id));
  for (const char* mark : {"gp", "gnuplot_", "textbox", "greybox"}) {
    for (const std::string before : {"id='", "id=\"", "href='#", "url(#"})
      replace_all(svg, before + mark, before + name + "-" + mark);
  }
  // Verdana has the same widths.
  replace_all(svg, "font-family=\"DejaVu Sans\"",
              "font-family=\"DejaVu Sans, Verdana, sans-serif\"");
  return svg;
}

std::string escaped_html(const std::string& text) {
  return kainjow::mustache::html_escape(one_line(text));
}

}  // namespace laq::analysis
