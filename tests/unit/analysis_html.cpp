#include <cstdlib>

#include "analysis/draw.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::test;

TEST_CASE("text is made safe for HTML", "[charts]") {
  CHECK(escaped_html("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &apos;d&apos;");
  CHECK(escaped_html("α\n2") == "α 2");
  CHECK(escaped_html("\xff") == "\xEF\xBF\xBD");
}

TEST_CASE("an SVG for a page has names of its own", "[charts]") {
  Chart chart;
  chart.name = "bits";
  chart.title = "Error & bits";
  chart.caption = "a < b";
  const std::string svg =
      "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 1 1\">\n<title>x</title>\n<desc>y</desc>\n"
      "<g id=\"gnuplot_canvas\"><path id='gpPt0'/><use xlink:href='#gpPt0'/>"
      "<filter id='textbox'/><g filter='url(#textbox)'/></g>"
      "<g id=\"gnuplot_plot_1a\" ><title>gnuplot_plot_1a</title><path/></g></svg>";
  CHECK(fit_for_page(svg, chart, "bits-wide") ==
        "<svg role=\"img\" aria-labelledby=\"svg-bits-wide-title\" "
        "aria-describedby=\"svg-bits-wide-desc\" \n viewBox=\"0 0 1 1\">\n"
        "<title id=\"svg-bits-wide-title\">Error &amp; bits</title>\n"
        "<desc id=\"svg-bits-wide-desc\">a &lt; b</desc>\n"
        "<g id=\"bits-wide-gnuplot_canvas\"><path id='bits-wide-gpPt0'/><use "
        "xlink:href='#bits-wide-gpPt0'/>"
        "<filter id='bits-wide-textbox'/><g filter='url(#bits-wide-textbox)'/></g>"
        "<g><path/></g></svg>");
  CHECK_THAT(message_of([&] { fit_for_page("<svg></svg>", chart, "bits"); }),
             Contains("unknown kind"));
}

TEST_CASE("a PDF has no date of its own", "[charts]") {
  CHECK(without_date("x/CreationDate (D:20261124180533Z)y") ==
        "x/CreationDate (D:19700101000000Z)y");
  CHECK(without_date("x/CreationDate (D:2026)") == "x/CreationDate (D:2026)");
  CHECK(without_date("plain") == "plain");
}

TEST_CASE("what gnuplot complains of is told in one line", "[charts]") {
  if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  const Scratch scratch;
  scratch.write("bad.gp", "plot 'no-such-file' using 1:2\n");
  const std::string message = message_of([&] { run_gnuplot("bad.gp", {"svg"}, scratch.path()); });
  CHECK_THAT(message, Contains("bad.gp") && Contains("gnuplot failed") && !Contains("\n"));

  Chart chart;
  chart.name = "broken";
  Panels body{.panels = {{.title = "a panel without a curve"}}};
  chart.body = body;
  CHECK_THAT(message_of([&] {
               write_charts({{chart}, {}}, kWideWidth, scratch / "out");
             }),
             Contains("gnuplot failed"));
  CHECK_FALSE(std::filesystem::exists(scratch / "out"));
}
