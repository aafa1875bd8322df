#include <nlohmann/json.hpp>

#include "analysis/chart.hpp"
#include "analysis/draw.hpp"
#include "analysis_support.hpp"
#include "core/files.hpp"
#include "core/text.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

/// A method and a sweep whose titles have everything that some target takes for a mark.
const std::string kNasty = R"([*% _x_ ^ {a} @ \b "q" 'r' `s` & # $1 ~ <t> | *u*, α *\)";

Table nasty_table() {
  static const Folder folder;
  std::string quoted = kNasty;
  for (std::size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 2)
    quoted.insert(at, 1, '\'');
  const auto method = folder / "nasty.yaml";
  replace_file(method, "title: '" + quoted + "'\nquantizer: {levels: ternary}\n");
  Bench bench("title: '" + quoted + "'\nprofile: quick\nexperiments: [mnist]\nmethods: [" +
              method.string() + "]\n");
  bench.complete({method.string()}, 1.25);
  return bench.table();
}

}  // namespace

TEST_CASE("Markdown reads no mark in text that is made safe for it", "[charts]") {
  CHECK(markdown_escaped(kNasty) ==
        R"(\[\*% \_x\_ ^ {a} @ \\b "q" 'r' \`s\` & \# \$1 \~ \<t> \| \*u\*, α \*\\)");
  // What stands for itself is left readable.
  for (const char* plain : {"a_b & c", "train_32x32.mat", "5 > 4 - 3 + 2 = 1", "C#", "a.b", "12.5",
                            "1.2.3 x", "x) y", "100 %", "é_ö", "hidden=[8, 16], x"})
    CHECK(markdown_escaped(plain) == plain);
  CHECK(markdown_escaped("a [b](c) [^1]") == "a \\[b](c) \\[^1]");
  CHECK(markdown_escaped("# x") == "\\# x");
  CHECK(markdown_escaped("- x") == "\\- x");
  CHECK(markdown_escaped("+ x") == "\\+ x");
  CHECK(markdown_escaped("> x") == "\\> x");
  CHECK(markdown_escaped("=") == "\\=");
  CHECK(markdown_escaped("12. x") == "12\\. x");
  CHECK(markdown_escaped("1) x") == "1\\) x");
  CHECK(markdown_escaped("&amp; &#38;") == "\\&amp; \\&#38;");
}

TEST_CASE("one title with all marks comes out of every format as it is", "[charts]") {
  const Table table = nasty_table();
  CHECK(table.rows.at(0).title == kNasty);
  CHECK(nlohmann::json::parse(json_of(table))["rows"][0]["title"] == kNasty);
  CHECK(holds(csv_of(table), R"("[*% _x_ ^ {a} @ \b ""q"" 'r' `s` & # $1 ~ <t> | *u*, α *\")"));
  const std::string lines = markdown_of(table);
  CHECK(holds(lines, "\n| " + markdown_escaped(kNasty) + " |"));
  CHECK(holds(lines, "# " + markdown_escaped(kNasty) + ": quick profile"));
  // At the start of a table's line neither [ nor * is an argument of the line's end.
  CHECK(holds(latex_of(table), R"(
{[}{*}\% \_x\_ \textasciicircum{} \{a\} @ \textbackslash{}b ''q'' 'r' \`{}s\`{} \& \# \$1 )"
                               R"($\sim$ $<$t$>$ $|$ {*}u{*}, $\alpha$ {*}\textbackslash{} & )"));
  CHECK(escaped_html(kNasty) ==
        "[*% _x_ ^ {a} @ \\b &quot;q&quot; &apos;r&apos; `s` &amp; # $1 ~ &lt;t&gt; | *u*, α *\\");
}
