#include <catch2/catch.hpp>

#include "analysis_support.hpp"
#include "record_support.hpp"
#include "sweep/plan.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;
using record::test::holds;

TEST_CASE("a setting is chosen by its validation score, not by its test score") {
  Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late, twn, lab]\n"
      "grid: {train.learning_rate: [0.001, 0.01, 0.1]}\nseeds: [1, 2]\n");
  const auto fill = [&](const std::string& method, const std::string& rate, double valid,
                        double test) {
    for (const std::int64_t seed : {1, 2}) {
      const double shift = seed == 1 ? 0.1 : -0.1;
      bench.complete({method, seed, {{"train.learning_rate", rate}}},
                     Measured{.test_error = test + shift, .valid_error = valid + shift});
    }
  };
  fill("late", "0.001", 1.5, 1.0);
  fill("late", "0.01", 1.25, 1.75);
  fill("late", "0.1", 1.25, 0.5);  // of equals the first
  fill("twn", "0.1", 9, 9);        // the others are not run
  Layout layout;
  layout.select_valid = true;
  const Table table = make_table(bench.plan(), configs(), layout);
  REQUIRE(table.rows.size() == 3);
  CHECK(entry(table, "late").ours.mean == Approx(1.75));
  CHECK(entry(table, "late").ours.n == 2);
  CHECK(entry(table, "twn").ours.mean == Approx(9));
  CHECK(entry(table, "lab").ours.n == 0);
  const std::string text = markdown_of(table);
  CHECK(holds(text,
              "late on mnist: train.learning_rate=0.01 has the best validation error (1.25 %) "
              "of 3 settings."));
  CHECK(holds(text, "twn on mnist: train.learning_rate=0.1 has"));
  CHECK(holds(text, "lab on mnist: none of 3 settings is completed."));
  CHECK(holds(text, " learning_rate=0.01 |"));
  CHECK(entry(table, "late").chosen == "learning_rate=0.01");
  CHECK(entry(table, "late").valid.mean == Approx(1.25));
  CHECK(holds(csv_of(table), ",learning_rate=0.01,"));
  CHECK(bench.table().rows.size() == 9);
}
