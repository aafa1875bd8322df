#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>

#include "core/files.hpp"
#include "core/text.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

/// Titles that have everything some target takes for a mark, at the start too.
const std::string kNasty = R"([*% _x_ ^ {a} @ \b "q" 'r' `date` & # $1 ~ <t> | α %d \)";
const std::string kQuoted = R"("*% _x_ ^ {a} @ \b "q" & # $1 ~)";
/// What is left of the first in XML.
const std::string kNastyXml =
    "[*% _x_ ^ {a} @ \\b &quot;q&quot; &apos;r&apos; `date` &amp; # $1 ~ &lt;t&gt; | α %d \\";

bool has(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

void add_method(const Workplace& place, const std::string& name, const std::string& title,
                const std::string& keys) {
  std::string quoted = title;
  for (std::size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 2)
    quoted.insert(at, 1, '\'');
  write_text(place / ("configs/methods/" + name + ".yaml"),
             "title: '" + quoted + "'\nquantizer: {levels: ternary, solver: " + keys + "}\n");
}

/// A figure without its text.
std::string lines_of(const fs::path& svg) {
  static const std::regex text("<(text|title|desc)[^>]*>[^<]*</(text|title|desc)>");
  return std::regex_replace(read_file(svg), text, "");
}

std::string pdf_text(const fs::path& pdf) {
  const std::string out = pdf.string() + ".txt";
  const std::string command = "pdftotext -layout '" + pdf.string() + "' '" + out + "'";
  return std::system(command.c_str()) == 0 ? read_file(out) : "";
}

}  // namespace

TEST_CASE("titles with all kinds of marks are drawn as they are") {
  if (!has("gnuplot")) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  const Workplace place;
  for (const auto& [name, titles] :
       {std::pair<std::string, std::pair<std::string, std::string>>{"plain", {"One", "Two"}},
        {"nasty", {kNasty, kQuoted}}}) {
    add_method(place, name + "1", titles.first, "alternating");
    add_method(place, name + "2", titles.second, "exact");
    const std::vector<std::string> words = {"method=" + name + "1," + name + "2", "--name", name};
    for (const char* command : {"sweep", "plot", "report"}) {
      std::vector<std::string> all = {command, "tiny"};
      all.insert(all.end(), words.begin(), words.end());
      check_done(place.laq(all));
    }
  }
  // The same runs, and but for the text the same figures.
  const fs::path plain = place / "results/plain/figures", nasty = place / "results/nasty/figures";
  for (const char* name : {"learning.svg", "loss.svg", "rounds.svg"}) {
    INFO(name);
    CHECK(lines_of(nasty / name) == lines_of(plain / name));
    const std::string svg = read_file(nasty / name);
    CHECK_THAT(svg, Catch::Contains("[*% _x_ ^ {a} @ \\b ") && Catch::Contains("`date`") &&
                        Catch::Contains("α %d \\"));
  }
  const std::string times = read_file(nasty / "step_time.svg");
  CHECK_THAT(times, Catch::Contains(">[*% _x_") && Catch::Contains("α %d \\"));
  const std::string printed = pdf_text(nasty / "step_time.pdf");
  if (!printed.empty()) CHECK_THAT(printed, Catch::Contains("[*% _x_ ^ {a} @ \\b"));
  const auto rows = split(read_file(nasty / "learning.tsv"), '\n');
  CHECK_THAT(rows.back().empty() ? rows.at(rows.size() - 2) : rows.back(),
             Catch::StartsWith("2\t\"\"\"*% _x_"));
  // Two titles, each with figures of its own.
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(nasty)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("layers-") && name.ends_with(".svg")) names.insert(name);
  }
  CHECK(names.size() == 2);
  CHECK_THAT(read_file(place / "results/nasty/report.html"), Catch::Contains(kNastyXml));
}

TEST_CASE("a LaTeX table of titles with all kinds of marks compiles") {
  if (!has("pdflatex")) {
    WARN("skipped: pdflatex is not here (package texlive-latex-recommended)");
    return;
  }
  const Workplace place;
  add_method(place, "nasty", kNasty, "alternating");
  add_method(place, "quoted", kQuoted, "exact, scaling: asymmetric");
  check_done(place.laq({"sweep", "tiny", "method=nasty,quoted,late", "train.epochs=1"}));
  check_done(place.laq(
      {"table", "tiny", "method=nasty,quoted,late", "--format", "latex", "--out", "table.tex"}));
  write_text(place / "all.tex",
             "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
             "\\input{table}\n\\end{document}\n");
  const std::string command = "cd '" + place.path().string() +
                              "' && pdflatex -interaction=nonstopmode -halt-on-error all.tex "
                              "> printed.txt 2>&1 < /dev/null";
  const int status = std::system(command.c_str());
  INFO(read_file(place / "printed.txt"));
  REQUIRE(status == 0);
  const std::string printed = pdf_text(place / "all.pdf");
  if (!printed.empty()) CHECK_THAT(printed, Catch::Contains("[*% x") && Catch::Contains("”*% x"));
}
