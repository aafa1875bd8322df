#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/unicode.hpp"
#include "analysis/wording.hpp"
#include "analysis_support.hpp"
#include "core/files.hpp"
#include "core/text.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

/// Three seeds of one method, one of another, and two reasons with characters that need care.
struct Sample {
  Bench bench;
  explicit Sample(const std::string& profile = "quick")
      : bench("title: Test error (%) of a_b & c\ntable: feedforward\nprofile: " + profile +
              "\nexperiments: [mnist]\nmethods: [full, binaryconnect, late, dorefa3]\n"
              "seeds: [1, 2, 3]\n") {
    bench.complete({"late", 1}, {1.1, 70.0, 12});
    bench.complete({"late", 2}, {1.2, 60.0, 13});
    bench.complete({"late", 3}, {1.4, 80.0, 13});
    bench.complete({"binaryconnect", 1}, 1.25);
    bench.leave({"full", 1}, State::failed, "a|b_c: 100% of {x} & $y #1 ~^\\ \"<é量>\", 1 ± 2");
    bench.leave({"full", 2}, State::diverged, "at epoch 2");
  }
  Table table() const { return bench.table(); }
};

std::vector<std::string> table_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("|")) lines.push_back(line);
  }
  return lines;
}

/// A reader of CSV as RFC 4180 has it.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows = {{""}};
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && inside && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back() += text[++i];
    } else if (c == '"') {
      inside = !inside;
    } else if (c == ',' && !inside) {
      rows.back().emplace_back();
    } else if (c == '\n' && !inside) {
      rows.push_back({""});
    } else {
      rows.back().back() += c;
    }
  }
  rows.pop_back();
  return rows;
}

/// Whether the braces of LaTeX text balance and its special characters are escaped.
bool plausible_latex(const std::string& text) {
  int depth = 0;
  bool comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') comment = false;
    if (comment) continue;
    if (text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] == '%') comment = true;
    if (text[i] == '_' || text[i] == '#' || text[i] == '^') {
      if (text.compare(i, 2, "^{") != 0) return false;
    }
    if (text[i] == '{') ++depth;
    if (text[i] == '}') --depth;
    if (depth < 0) return false;
  }
  return depth == 0;
}

}  // namespace

TEST_CASE("the Markdown table is aligned and complete") {
  const Sample sample;
  const std::string text = markdown_of(sample.table());
  CAPTURE(text);
  std::set<std::size_t> widths;
  const auto lines = table_lines(text);
  REQUIRE(lines.size() == 18);  // three tables of head, rule and four methods
  for (std::size_t i = 0; i < 6; ++i) widths.insert(display_width(lines[i]));
  CHECK(widths.size() == 1);
  CHECK(holds(lines[0], "MNIST, ours"));
  CHECK(holds(lines[2], "| failed, diverged, not run | 0 of 3 | 1.11† |"));
  CHECK(holds(lines[3], " 1.25 | 1 of 3 | 1.28  |        −0.03 |"));  // confirmed: no dagger
  CHECK(holds(lines[4], " 1.23 ± 0.15 |      3 | 1.15† |        +0.08 |"));
  CHECK(holds(lines[10], " 60.0 |             – |         13 |"));
  CHECK(holds(lines[12], "MNIST, bits"));
  CHECK(holds(text, "\n† Figure"));
  CHECK(holds(text, "n = 1"));
  CHECK(holds(text, "Paper: Hou & Kwok"));
  CHECK(holds(text,
              "Runs: commit 0123456789ab; A CPU (R) 100% & more_so; 2 threads; LibTorch "
              "1.13.0; 2026-01-01 to 2026-01-03."));
  CHECK(holds(text, "- full-precision, MNIST, seed 1 failed: a\\|b_c: 100% of"));
  CHECK(holds(text, "- full-precision, MNIST, seed 2 diverged at epoch 2\n"));
  CHECK(holds(text, "- BinaryConnect, MNIST, seeds 2, 3 not run\n"));
  CHECK_FALSE(holds(text, "- DoReFa"));  // its cell says "not run"
}

TEST_CASE("the heading says whose protocol it is") {
  const std::string quick = markdown_of(Sample("quick").table());
  CHECK(holds(quick, "# Test error (%) of a_b & c: quick profile, NOT the paper's protocol\n"));
  CHECK(holds(quick, "(small networks, a few epochs)"));
  CHECK(holds(quick, "only an orientation"));
  const std::string paper = markdown_of(Sample("paper").table());
  CHECK(holds(paper, "# Test error (%) of a_b & c: paper profile\n"));
  CHECK_FALSE(holds(paper, "NOT"));
  CHECK_FALSE(holds(paper, "orientation"));
  CHECK(holds(latex_of(Sample("quick").table()), "quick profile, NOT the paper's protocol"));
}

TEST_CASE("notes and a column without figures are shown as what they are") {
  Bench bench(
      "title: T\ntable: feedforward\nprofile: quick\nexperiments: [fashion_mnist]\n"
      "methods: [full]\n");
  Table table = bench.table();
  table.notes = {"Fashion-MNIST was run instead."};
  const std::string text = markdown_of(table);
  CHECK(holds(text, "\n\nFashion-MNIST was run instead.\n\n|"));
  CHECK_FALSE(holds(text, "paper |"));
  CHECK_FALSE(holds(text, "orientation"));
  CHECK(holds(text, "No run is completed yet."));
  CHECK(holds(latex_of(table), "Fashion-MNIST was run instead."));
}

TEST_CASE("a grid's axes are the leading columns") {
  Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [laq3_log]\n"
      "grid: {quantizer.bits: [3, 4], quantizer.scaling: [symmetric, asymmetric]}\n");
  const Table table = bench.table();
  const auto lines = table_lines(markdown_of(table));
  REQUIRE(lines.size() == 12);  // results and sizes
  CHECK(holds(lines[0], "| method                               | quantizer.bits | quantizer.sc"));
  CHECK(holds(lines[3], "| LAQ log (3 bits), scaling asymmetric | 3              | asymmetric"));
  CHECK(holds(lines[4], "| LAQ log (4 bits)                     | 4              | symmetric "));
  CHECK(parse_csv(csv_of(table))[0][7] == "quantizer.bits");
  CHECK(plausible_latex(latex_of(table)));
}

TEST_CASE("the LaTeX table compiles") {
  const Sample sample;
  const std::string text = latex_of(sample.table());
  CAPTURE(text);
  CHECK(plausible_latex(text));
  CHECK(holds(text, "Test error (\\%) of a\\_b \\& c"));
  CHECK(holds(text, "$1.23 \\pm 0.15$ & 3 & 1.15\\rlap{$^{\\dag}$} & $+0.08$ \\\\"));
  CHECK(holds(text, "& 1.28 & $-0.03$"));
  if (std::system("pdflatex --version > /dev/null 2>&1") != 0) {
    WARN("pdflatex is not installed (package texlive-latex-recommended): not tried");
    return;
  }
  const Folder folder;
  replace_file(folder / "table.tex", text);
  replace_file(folder / "all.tex",
               "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
               "\\input{table}\n\\end{document}\n");
  const std::string command = "cd '" + folder.path().string() +
                              "' && pdflatex -interaction=nonstopmode -halt-on-error all.tex "
                              "> printed.txt 2>&1 < /dev/null";
  const int status = std::system(command.c_str());
  INFO(read_file(folder / "printed.txt"));
  CHECK(status == 0);
}

TEST_CASE("CSV parses back, to the last digit") {
  const Sample sample;
  const auto rows = parse_csv(csv_of(sample.table()));
  REQUIRE(rows.size() == 5);
  const auto field = [&](std::size_t row, const std::string& name) {
    const auto& head = rows[0];
    const auto at = std::find(head.begin(), head.end(), name);
    REQUIRE(at != head.end());
    REQUIRE(rows[row].size() == head.size());
    return rows[row][static_cast<std::size_t>(at - head.begin())];
  };
  const Table table = sample.table();
  const Entry& late = entry(table, "late");
  CHECK(field(3, "method") == "late");
  CHECK(field(3, "paper_protocol") == "false");
  CHECK(std::stod(field(3, "mean")) == late.ours.mean);
  CHECK(std::stod(field(3, "sd")) == *late.ours.sd);
  CHECK(std::stod(field(3, "difference")) == *late.difference);
  CHECK(field(3, "paper") == "1.15");
  CHECK(field(3, "paper_checked") == "false");
  CHECK(field(3, "step_ms") == "60");
  CHECK(field(3, "bits") == "2");
  CHECK(std::stod(field(1, "compression")) == 1);
  CHECK(split(field(3, "runs"), ';').size() == 3);
  CHECK(split(field(3, "runs"), ';')[0] == sample.bench.run_folder({"late", 1}).string());
  CHECK(field(2, "paper_checked") == "true");
  CHECK(field(1, "mean").empty());
  CHECK(field(1, "n") == "0");
  CHECK(holds(field(1, "missing"), "seed 1: failed: a|b_c: 100% of {x} & $y #1 ~^\\ \"<é量>\", 1"));
}

TEST_CASE("JSON holds everything") {
  const Sample sample;
  const auto all = nlohmann::json::parse(json_of(sample.table()));
  CHECK(all["paper_protocol"] == false);
  CHECK(all["metric"] == "test_error");
  CHECK(all["runs"] == sample.bench.runs().string());
  CHECK(all["columns"][0]["paper_column"] == "mnist");
  const auto& late = all["rows"][2]["cells"][0];
  CHECK(late["n"] == 3);
  CHECK(late["runs"][2]["value"] == 1.4);
  CHECK(late["runs"][2]["best_epoch"] == 13);
  CHECK(late["runs"][2]["valid"].is_null());
  CHECK(late["bits"] == 2);
  CHECK(late["paper"]["value"] == 1.15);
  CHECK(late["paper"]["checked"] == false);
  const auto& full = all["rows"][0]["cells"][0];
  CHECK(full["mean"].is_null());
  CHECK(full["difference"].is_null());
  CHECK(full["missing"][1]["reason"] == "diverged at epoch 2");
  CHECK(full["missing"][2]["state"] == "not run");
  CHECK(all["provenance"]["libtorch"][0] == "1.13.0");
  CHECK(all["provenance"]["times"].size() == 3);
}

TEST_CASE("differences that round to nothing have no sign") {
  CHECK(signed_fixed(-0.001, 2) == "0.00");
  CHECK(signed_fixed(0.004, 2) == "0.00");
  CHECK(signed_fixed(0.04, 2) == "+0.04");
  CHECK(signed_fixed(-1.5, 1) == "-1.5");
}
