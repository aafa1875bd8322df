#include <set>

#include "analysis_support.hpp"
#include "support/catch.hpp"
#include "sweep/plan.hpp"

using namespace laq::analysis;
using namespace laq::analysis::test;

TEST_CASE("a sweep may name the paper's column of an experiment") {
  const Bench bench(
      "table: lab_warpeace_steps\nprofile: paper\n"
      "experiments: [war_and_peace_ts10, war_and_peace, war_and_peace_ts150]\n"
      "columns: {war_and_peace_ts10: ts10, war_and_peace: ts100, war_and_peace_ts150: ts150}\n"
      "methods: [lab, late]\n");
  const Table table = bench.table();
  CHECK(table.metric() == Metric::test_loss);
  REQUIRE(table.columns.size() == 3);
  CHECK(table.columns[0].title == "War and Peace (war_and_peace_ts10)");
  const auto& lab = table.rows[0].entries;
  CHECK(lab[0].paper->text == "1.527");
  CHECK(lab[1].paper->text == "1.291");
  CHECK(lab[2].paper->text == "1.285");
  CHECK_FALSE(table.rows[1].entries[0].paper);
}

TEST_CASE("a sweep may name the paper's column of a point of its grid") {
  const std::string yaml =
      "table: lab_svhn_width\nprofile: paper\nexperiments: [svhn]\nmethods: [lab, late]\n"
      "grid: {model.width: [16, 64, 24], train.batch: [50, 100]}\n"
      "columns: {model.width=16: k16, model.width=64: k64}\n";
  const Table table = Bench(yaml).table();
  CHECK(table.column_axes == std::vector<std::string>{"model.width"});
  CHECK(table.axes == std::vector<std::string>{"train.batch"});
  REQUIRE(table.columns.size() == 3);
  CHECK(table.columns[1].title == "SVHN, width=64");
  CHECK(table.columns[1].paper_column == "k64");
  CHECK_FALSE(table.columns[2].paper_column);
  const auto figure = [&](std::size_t row, std::size_t column) {
    const auto& paper = table.rows.at(row).entries.at(column).paper;
    return paper ? paper->text : "none";
  };
  CHECK(table.rows[1].method == "lab");
  CHECK(table.rows[1].point == Point{{"train.batch", "100"}});
  CHECK(figure(0, 0) == "3.050");
  CHECK(figure(0, 1) == "2.354");
  CHECK(figure(0, 2) == "none");
  CHECK(figure(1, 1) == "none");  // not the paper's batch
  CHECK(figure(2, 0) == "none");  // not in the paper's table
}

TEST_CASE("the width sweep has a printed figure for every cell") {
  laq::sweep::PlanRequest request;
  request.sweep = "width";
  request.runs = "/nonexistent";
  const Table table = make_table(laq::sweep::make_plan(configs(), request), configs());
  REQUIRE(table.rows.size() == 4);
  for (const auto& row : table.rows) {
    REQUIRE(row.entries.size() == 4);
    for (const auto& entry : row.entries) CHECK(entry.paper);
  }
  CHECK(table.rows[0].entries[3].paper->text == "2.146");
}

TEST_CASE("every row of the bits sweep has a title of its own") {
  laq::sweep::PlanRequest request;
  request.sweep = "bits";
  request.runs = "/nonexistent";
  const Table table = make_table(laq::sweep::make_plan(configs(), request), configs());
  std::set<std::string> titles;
  for (const auto& row : table.rows) titles.insert(row.title);
  CHECK(titles.size() == 24);
  CHECK(titles.contains("LAQ linear (3 bits)"));
  CHECK(titles.contains("LAQ log (2 bits), scaling asymmetric, solver exact"));
}

TEST_CASE("the recurrent table has a figure for every cell but those on Debian's text") {
  const Bench bench(
      "table: recurrent\nprofile: paper\nexperiments: [war_and_peace, linux, penn_treebank, "
      "linux_debian]\nmethods: [late, laq4_log_released, dorefa4]\n");
  const Table table = bench.table();
  for (const auto& row : table.rows) {
    for (const std::size_t column : {0u, 1u, 2u}) CHECK(row.entries[column].paper);
    CHECK_FALSE(row.entries[3].paper);
  }
  CHECK(table.rows[0].entries[1].paper->text == "1.256");
}

TEST_CASE("a sweep on text that is in no paper is judged by its loss") {
  const Bench bench("experiments: [war_and_peace]\nmethods: [late]\n");
  CHECK(bench.table().metric() == Metric::test_loss);
  const Bench pictures("experiments: [mnist]\nmethods: [late]\n");
  CHECK(pictures.table().metric() == Metric::test_error);
}

TEST_CASE("pictures are judged by their error whatever the loss that was trained") {
  Bench bench("experiments: [mnist]\nmethods: [late, twn]\n", {"train.loss=cross_entropy"});
  bench.complete({"late"}, {.test_error = 1.25, .test_loss = 0.5});
  bench.complete({"twn"}, {.test_error = 1.5, .test_loss = 0.25});
  const Table table = bench.table();
  CHECK(table.metric() == Metric::test_error);
  CHECK(entry(table, "late").ours.mean == 1.25);
  CHECK(entry(table, "late").best);
  CHECK_FALSE(entry(table, "twn").best);
  CHECK(holds(json_of(table), "\"metric\": \"test_error\""));
  CHECK(holds(csv_of(table), ",test_error,1,1,1.25,"));
  for (const auto* format : {"md", "latex", "csv", "json"})
    CHECK_FALSE(holds(render({table}, format), "nats"));
}

TEST_CASE("a sweep of pictures and text shows each by its own metric") {
  Bench bench("title: T\nexperiments: [mnist, war_and_peace]\nmethods: [late, twn]\n");
  for (const auto& [experiment, error, loss] :
       {std::tuple{"mnist", 1.25, 0.0625}, {"war_and_peace", 40.0, 1.375}}) {
    bench.complete({"late", 1, {}, experiment}, {.test_error = error, .test_loss = loss});
    bench.complete({"twn", 1, {}, experiment}, {.test_error = 2 * error, .test_loss = 2 * loss});
  }
  const Table table = bench.table();
  CHECK_FALSE(table.metric());
  REQUIRE(table.columns.size() == 2);
  CHECK(table.columns[0].title == "MNIST: Test error (%)");
  CHECK(table.columns[1].title == "War and Peace: Test loss (nats per character)");
  CHECK(table.rows[0].entries[0].ours.mean == 1.25);
  CHECK(table.rows[0].entries[1].ours.mean == 1.375);
  const std::string text = markdown_of(table);
  CHECK(holds(text, " **1.25** "));
  CHECK(holds(text, " **1.375** "));
  CHECK(holds(json_of(table), "\"metric\": null"));
  CHECK(holds(csv_of(table), ",test_loss,1,1,1.375,"));
}
