#include <catch2/catch.hpp>

#include "analysis/selection.hpp"
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

namespace {

/// Which runs are next, as "method rate seed".
std::vector<std::string> next_of(const sweep::Plan& plan, const Tuning& tuning) {
  std::vector<std::string> names;
  for (const auto at : tuning.jobs) {
    const auto& job = plan.jobs[at];
    names.push_back(job.run.request.method + " " + job.point.front().second + " " +
                    std::to_string(job.run.request.seed));
  }
  return names;
}

}  // namespace

TEST_CASE("settings are tuned by their first seed, and the chosen one is run by all seeds") {
  Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late, twn]\n"
      "grid: {train.learning_rate: [0.001, 0.01]}\nseeds: [3, 4]\n");
  const auto complete = [&](const std::string& method, const std::string& rate, std::int64_t seed,
                            double valid) {
    bench.complete({method, seed, {{"train.learning_rate", rate}}},
                   Measured{.test_error = 9, .valid_error = valid});
  };
  using Names = std::vector<std::string>;
  complete("late", "0.001", 3, 1.5);
  complete("late", "0.01", 3, 1.25);
  complete("twn", "0.01", 3, 2);
  {
    const sweep::Plan plan = bench.plan();
    const Tuning first = tune(plan);
    CHECK_FALSE(first.chosen);
    CHECK(next_of(plan, first) ==
          Names{"late 0.001 3", "late 0.01 3", "twn 0.001 3", "twn 0.01 3"});
  }
  // One that diverged has had its chance.
  bench.leave({"twn", 3, {{"train.learning_rate", "0.001"}}}, State::diverged, "not finite");
  const auto chosen = Names{"late 0.01 3", "late 0.01 4", "twn 0.01 3", "twn 0.01 4"};
  {
    const sweep::Plan plan = bench.plan();
    const Tuning then = tune(plan);
    CHECK(then.chosen);
    CHECK(next_of(plan, then) == chosen);
    CHECK(then.sentences.size() == 2);
  }
  // A second seed that turns out badly does not change what the first one chose.
  complete("late", "0.01", 4, 8);
  const sweep::Plan plan = bench.plan();
  const Tuning last = tune(plan);
  CHECK(next_of(plan, last) == chosen);
  const std::string sentence =
      "late on mnist: train.learning_rate=0.01 has the best validation error by seed 3 (1.25 %) of "
      "2 settings.";
  CHECK(holds(last.sentences.front(), sentence));
  Layout layout;
  layout.select_valid = true;
  const Table table = make_table(plan, configs(), layout);
  CHECK(entry(table, "late").ours.n == 2);
  CHECK(holds(markdown_of(table), sentence));
}

TEST_CASE("a method whose settings have all diverged has no further runs") {
  Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late, twn]\n"
      "grid: {train.learning_rate: [0.001, 0.01]}\nseeds: [1, 2]\n");
  for (const char* rate : {"0.001", "0.01"}) {
    const Point point{{"train.learning_rate", rate}};
    bench.leave({"late", 1, point}, State::diverged, "not finite");
    bench.complete({"twn", 1, point}, Measured{.test_error = 2, .valid_error = 2});
  }
  const sweep::Plan plan = bench.plan();
  const Tuning tuning = tune(plan);
  CHECK(tuning.chosen);
  CHECK(next_of(plan, tuning) == std::vector<std::string>{"twn 0.001 1", "twn 0.001 2"});
  CHECK(tuning.sentences.front() == "late on mnist: none of 2 settings is completed.");
}

TEST_CASE("a finished run without a record stops the tuning, by name") {
  Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late]\n"
      "grid: {train.learning_rate: [0.001, 0.01]}\nseeds: [1, 2]\n");
  const Which first{"late", 1, {{"train.learning_rate", "0.001"}}};
  bench.complete(first, Measured{.test_error = 2, .valid_error = 2});
  std::filesystem::resize_file(bench.run_folder(first) / "run.h5", 1000);
  CHECK(holds(message([&] { tune(bench.plan()); }), "a finished run is of no use"));
}

TEST_CASE("a choice tells how many of the settings were tried") {
  Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late]\n"
      "grid: {train.learning_rate: [0.001, 0.01]}\nseeds: [1]\n");
  bench.complete({"late", 1, {{"train.learning_rate", "0.001"}}},
                 Measured{.test_error = 2, .valid_error = 2});
  Layout layout;
  layout.select_valid = true;
  CHECK(holds(markdown_of(make_table(bench.plan(), configs(), layout)), "of 1 of 2 settings."));
}

TEST_CASE("a sweep without settings cannot be tuned") {
  const Bench bench(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late]\nseeds: [1]\n");
  CHECK(holds(message([&] { tune(bench.plan()); }), "the sweep has one setting of each method"));
}
