#include <catch2/catch.hpp>

#include "analysis/paper.hpp"
#include "analysis_support.hpp"
#include "core/files.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

const std::string kHead = "sources: {a: Someone (2018)}\n";

std::string table_yaml(const std::string& rows) {
  return kHead + "t:\n  source: a\n  metric: test_error\n  checked: true\n  columns: [x, y]\n" +
         "  rows:\n" + rows;
}

std::string load_error(const std::string& yaml, const std::string& table = "t") {
  const Folder folder;
  make_folder(folder / "paper");
  replace_file(folder / "paper/tables.yaml", yaml);
  return message([&] { load_paper_table(folder.path(), table); });
}

Figure printed(double value, int decimals) {
  return {value, decimals, "", false};
}

}  // namespace

TEST_CASE("printed figures keep their digits") {
  const PaperTable table = load_paper_table(configs(), "feedforward");
  CHECK(table.metric == Metric::test_error);
  CHECK(holds(table.source, "1802.08635"));
  const auto figure = table.find("lab", "cifar10");
  REQUIRE(figure);
  CHECK(figure->value == 10.5);
  CHECK(figure->text == "10.50");
  CHECK(figure->decimals == 2);
  CHECK(figure->unit() == Approx(0.01));
  CHECK_FALSE(table.find("lab", "warpeace"));
  CHECK_FALSE(table.find("nobody", "mnist"));
  CHECK(load_paper_table(configs(), "recurrent").metric == Metric::test_loss);
}

TEST_CASE("a figure that the other paper confirms is checked, the others are not") {
  const PaperTable table = load_paper_table(configs(), "feedforward");
  std::vector<std::string> checked;
  for (const auto& [cell, figure] : table.figures) {
    if (figure.checked) checked.push_back(cell.first + " " + cell.second);
  }
  CHECK(checked == std::vector<std::string>{"binaryconnect cifar10", "binaryconnect mnist",
                                            "binaryconnect svhn", "full svhn", "lab cifar10",
                                            "lab svhn"});
  for (const auto& [cell, figure] : load_paper_table(configs(), "recurrent").figures) {
    CHECK_FALSE(figure.checked);
  }
  for (const auto& [cell, figure] : load_paper_table(configs(), "lab_feedforward").figures) {
    CHECK(figure.checked);
  }
}

TEST_CASE("figures agree when they round to the same digits") {
  CHECK(agree(printed(2.28, 2), printed(2.277, 3)));
  CHECK(agree(printed(1.28, 2), printed(1.280, 3)));
  CHECK(agree(printed(2.277, 3), printed(2.28, 2)));
  CHECK_FALSE(agree(printed(2.54, 2), printed(2.531, 3)));
  CHECK_FALSE(agree(printed(1.18, 2), printed(1.17, 2)));
  CHECK_FALSE(agree(printed(1.28, 2), printed(1.286, 3)));
}

TEST_CASE("a broken table of figures is an error that says where") {
  CHECK(load_error(table_yaml("    r: [1.0, ~]\n")).empty());
  CHECK(holds(load_error(table_yaml("    r: [1.0]\n")), "found 1 figures"));
  CHECK(holds(load_error(table_yaml("    r: [1.0, about 2]\n")), "'about 2'"));
  CHECK(holds(load_error(table_yaml("    r: [1.0, nan]\n")), "not a printed figure"));
  CHECK(holds(load_error(table_yaml("    r: 3\n")), "wrong row 'r'"));
  CHECK(holds(load_error(table_yaml("    r: [1, 2]\n"), "u"), "unknown table of the papers 'u'"));
  CHECK(holds(load_error(table_yaml("    r: [1, 2]\n"), "sources"), "unknown table"));
  CHECK(holds(load_error(table_yaml("    r: [1, 2]\n  colour: red\n")), "unknown key 't.colour'"));
  CHECK(holds(load_error(kHead + "t: {source: b}\n"), "'t.source'"));
  CHECK(holds(load_error("- 1\n"), "unknown table"));
  CHECK(holds(message([] { load_paper_table(configs(), "feedforwrad"); }),
              "did you mean 'feedforward'?"));
}
