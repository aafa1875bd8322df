#include <catch2/catch.hpp>

#include "record_support.hpp"

using namespace laq::record;
using namespace laq::record::test;

TEST_CASE("rows of a table have the same columns and rising numbers") {
  Table table;
  table.append(0, {{"loss", 1.0}, {"seconds", 2.0}});
  table.append(5, {{"seconds", 3.0}, {"loss", 4.0}});
  CHECK(table.rows() == 2);
  CHECK(*table.find("loss") == std::vector{1.0, 4.0});
  CHECK(table.find("none") == nullptr);
  CHECK(table.columns[0].first == "loss");
  CHECK(holds(message([&] { table.append(5, {{"loss", 1.0}, {"seconds", 1.0}}); }), "5 after 5"));
  CHECK(holds(message([&] { table.append(6, {{"loss", 1.0}}); }), "found 1 columns, expected 2"));
  CHECK(holds(message([&] { table.append(6, {{"loss", 1.0}, {"los", 1.0}}); }), "'los'"));
  CHECK(holds(message([&] { table.append(6, {{"loss", 1.0}, {"loss", 1.0}}); }), "twice"));
  CHECK(table.rows() == 2);
  CHECK(table.find("loss")->size() == 2);
}

TEST_CASE("layers get one row of fixed width per epoch") {
  History history;
  history.epochs.append(1, {{"loss", 1.0}});
  history.append_layer("fc1", "scales", std::vector{1.0, 2.0});
  CHECK(holds(message([&] {
                history.append_layer("fc1", "scales", std::vector{1.0, 2.0});
              }),
              "fc1/scales"));
  history.epochs.append(2, {{"loss", 1.0}});
  CHECK(holds(message([&] { history.append_layer("fc1", "scales", 1.0); }), "found 1, expected 2"));
  CHECK(holds(message([&] { history.append_layer("fc1", "late", 1.0); }),
              "found 1 rows, expected 2"));
  CHECK(holds(message([&] { history.append_layer("fc1", "none", std::span<const double>()); }),
              "at least one value"));
  CHECK(holds(message([&] { history.append_layer("a/b", "scales", 1.0); }), "'a/b'"));
  CHECK(holds(message([&] { history.check(); }), "'fc1/scales' has the wrong length"));
  history.append_layer("fc1", "scales", std::vector{3.0, 4.0});
  history.check();
  CHECK(history.find("fc1", "scales")->values == std::vector{1.0, 2.0, 3.0, 4.0});
  CHECK(history.find("fc1", "none") == nullptr);
  CHECK(history.find("fc2", "scales") == nullptr);
}

TEST_CASE("a history that cannot be stored is refused") {
  History history = sample_history();
  history.check();
  history.epochs.columns.emplace_back("short", std::vector{1.0});
  CHECK(holds(message([&] { history.check(); }), "found 1 rows, expected 3"));
  history = sample_history();
  history.steps.columns[0].first = "step";
  CHECK(holds(message([&] { history.check(); }), "'step'"));
  history = sample_history();
  history.final_values["a/b"] = 1.0;
  CHECK(holds(message([&] { history.check(); }), "'a/b'"));
  history = sample_history();
  history.epochs.index = {1, 3, 2};
  CHECK(holds(message([&] { history.check(); }), "do not rise"));
}

TEST_CASE("a history knows which process computed which steps") {
  Process here, there;
  here.git_commit = "a";
  there.git_commit = "b";
  History history;
  history.continue_by(1, here);
  history.continue_by(20, here);  // resumed
  CHECK(history.stretches == std::vector<Stretch>{{1, here}});
  history.continue_by(30, there);
  history.continue_by(40, here);
  CHECK(history.stretches == std::vector<Stretch>{{1, here}, {30, there}, {40, here}});
  history.continue_by(30, here);  // from an earlier checkpoint: what `there` did is lost
  CHECK(history.stretches == std::vector<Stretch>{{1, here}});

  History unknown;  // of a version that kept no stretches
  unknown.continue_by(8, here);
  REQUIRE(unknown.stretches.size() == 2);
  CHECK(unknown.stretches[0].first_step == 1);
  CHECK(unknown.stretches[0].by.git_commit == "unknown");
  CHECK(unknown.stretches[1] == Stretch{8, here});

  history.stretches = {{2, here}, {2, there}};
  CHECK(holds(message([&] { history.check(); }), "do not rise"));
}
