#include <cmath>
#include <map>

#include "analysis/chart.hpp"
#include "analysis/draw.hpp"
#include "chart_support.hpp"
#include "claims_support.hpp"
#include "support/catch.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;
using Catch::Matchers::Contains;

namespace {

using Fields = std::map<std::string, std::string>;

std::vector<Fields> named_rows(const std::string& table) {
  const auto rows = rows_of(table);
  std::vector<Fields> all;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    REQUIRE(rows[r].size() == rows[0].size());
    Fields& fields = all.emplace_back();
    for (std::size_t c = 0; c < rows[r].size(); ++c) fields[rows[0][c]] = rows[r][c];
  }
  return all;
}

double number(const Fields& fields, const std::string& column) {
  return std::stod(fields.at(column));
}

const std::string kClaims =
    "  - name: tie\n    text: They tie\n    compare: [{left: late, right: [twn, lata], within: "
    "margin}]\n"
    "  - name: better\n    text: It's better\n    compare: [{left: late, right: twn, below: 0}]\n";

}  // namespace

TEST_CASE("the claims' figure shows differences and intervals in units of the limit", "[charts]") {
  Bench bench(
      "profile: paper\nexperiments: [mnist, fashion_mnist, svhn]\nmethods: [late, lata, twn]\n"
      "seeds: [1, 2, 3]\n");
  fill(bench, "late", {1.00, 1.02, 1.01});
  fill(bench, "twn", {1.10, 1.11, 1.15});
  fill(bench, "late", {9.0, 9.5, 9.1}, "fashion_mnist");
  fill(bench, "twn", {9.1, 9.2, 9.6}, "fashion_mnist");
  const auto report = Claims(kClaims).judge({bench.plan()}).at(0);
  const Charts charts = claims_charts(report);
  REQUIRE(charts.drawn.size() == 1);
  const Chart& chart = charts.drawn[0];
  const Drawing drawing = lay_out(chart, kWideWidth);
  const auto rows = named_rows(drawing.table);
  REQUIRE(rows.size() == 4);  // LATa has no runs, SVHN none at all

  const Comparison& made = report.claims[0].comparisons.at(0);
  const double margin = 0.03 * 1.12;
  CHECK(rows[0].at("dataset") == "MNIST");
  CHECK(rows[0].at("comparison") == "LATe − TWN");
  CHECK(rows[0].at("judgement") == judgement_name(made.judgement));
  CHECK(number(rows[0], "difference") == Approx(-0.11));
  CHECK(number(rows[0], "divided_by") == Approx(margin));
  CHECK(number(rows[0], "value") == Approx(-0.11 / margin).epsilon(1e-5));
  CHECK(number(rows[0], "high") == Approx(made.interval->high / margin).epsilon(1e-5));
  CHECK(number(rows[0], "allowed_low") == Approx(-1).epsilon(1e-5));
  CHECK(number(rows[0], "allowed_high") == Approx(1).epsilon(1e-5));
  // The same comparison is in the same row; a limit of 0 is shown in margins.
  CHECK(rows[1].at("dataset") == "MNIST");
  CHECK(rows[1].at("claim") == "better");
  CHECK(number(rows[1], "divided_by") == Approx(margin));
  CHECK(number(rows[1], "allowed_high") == 0);
  CHECK(rows[1].at("allowed_low") == "-inf");
  CHECK(rows[2].at("dataset") == "Fashion-MNIST");
  CHECK(rows[2].at("row") == rows[0].at("row"));
  CHECK(rows[2].at("panel") == "2");

  CHECK_THAT(drawing.script, Contains("'They tie: undecided (provisional)'") &&
                                 Contains("'It'.\"'\".'s better: ") &&
                                 !Contains("'LATe − LATa' ") && Contains("'Fashion-MNIST'") &&
                                 !Contains("'SVHN'"));
  CHECK_THAT(chart.caption, Contains("No runs on SVHN."));
}

TEST_CASE("an interval that leaves the claims' figure ends in an arrow at its edge", "[charts]") {
  Bench bench("profile: paper\nexperiments: [mnist]\nmethods: [late, lata, twn]\nseeds: [1, 2]\n");
  fill(bench, "late", {1.0, 1.4});
  fill(bench, "twn", {1.0, 1.2});  // two seeds: t is 12.7
  fill(bench, "lata", {1.0});
  const Charts charts = claims_charts(Claims(kClaims).judge({bench.plan()}).at(0));
  const Drawing drawing = lay_out(charts.drawn.at(0), kWideWidth);
  const auto rows = named_rows(drawing.table);
  const Axis& axis = std::get<MarkRows>(charts.drawn[0].body).panels.at(0).x;
  CHECK(number(rows[0], "low") < axis.low);
  CHECK(number(rows[0], "high") > axis.high);
  CHECK_THAT(drawing.script, Contains("HIGH ? 2 : 1) with vectors arrowstyle variable"));
  CHECK(rows[1].at("comparison") == "LATe − LATa");
  CHECK(rows[1].at("n") == "1");
  CHECK(rows[1].at("low") == "nan");
}

TEST_CASE("a margin of nothing divides nothing", "[charts]") {
  Bench bench("profile: paper\nexperiments: [mnist]\nmethods: [late, twn]\nseeds: [1, 2]\n");
  fill(bench, "late", {0.5, 0.7});
  fill(bench, "twn", {0, 0});
  const Charts charts = claims_charts(Claims(kClaims).judge({bench.plan()}).at(0));
  const auto rows = named_rows(lay_out(charts.drawn.at(0), kWideWidth).table);
  CHECK(number(rows.at(1), "divided_by") == 1);
  CHECK(number(rows.at(1), "value") == Approx(0.6).epsilon(1e-5));
}

TEST_CASE("without any value there is no figure of claims", "[charts]") {
  const Bench bench("profile: paper\nexperiments: [mnist]\nmethods: [late, twn]\n");
  const Charts charts = claims_charts(Claims(kClaims).judge({bench.plan()}).at(0));
  CHECK(charts.drawn.empty());
  REQUIRE(charts.left_out.size() == 1);
  CHECK(charts.left_out[0].reason == "no comparison has a value yet");
}

TEST_CASE("a figure is written by the ending of its file", "[charts]") {
  const Folder folder;
  CHECK(holds(message([&] { write_chart({}, folder / "claims.png"); }), "ends in .svg or .pdf"));
}
