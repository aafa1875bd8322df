#include <catch2/catch.hpp>

#include "analysis_support.hpp"
#include "core/text.hpp"
#include "sweep/plan.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

const std::string kSweep =
    "title: T\ntable: feedforward\nprofile: paper\nexperiments: [mnist]\n"
    "methods: [full, bwn, lab, twn, late, lata, ttq, lat2e, laq3_log]\n";

std::vector<std::string> best(const Table& table) {
  std::vector<std::string> methods;
  for (const auto& row : table.rows) {
    if (row.entries.at(0).best) methods.push_back(row.method);
  }
  return methods;
}

}  // namespace

TEST_CASE("the best of each group is bold, ties as they are shown") {
  Bench bench(kSweep);
  for (const auto& [method, error] :
       std::vector<std::pair<std::string, double>>{{"full", 1.0},
                                                   {"bwn", 1.4},
                                                   {"lab", 1.3},
                                                   {"twn", 1.2},
                                                   {"late", 1.101},
                                                   {"lata", 1.104},
                                                   {"ttq", 1.25},
                                                   {"lat2e", 1.106}}) {
    bench.complete({method}, error);
  }
  const Table table = bench.table();
  // Full precision and TTQ's missing rival's group: LAT2e has one scale more than LATe.
  CHECK(best(table) == std::vector<std::string>{"lab", "late", "lata", "lat2e"});
  const std::string text = markdown_of(table);
  CHECK(holds(text, " **1.30** "));
  CHECK(holds(text, " **1.10** "));
  CHECK(holds(text, "Bold: a column's lowest mean"));
  CHECK(holds(latex_of(table), "\\textbf{1.30}"));
  CHECK(holds(latex_of(table), "\\addlinespace\nTWN "));
}

TEST_CASE("what is of another network or other data is not compared", "[charts]") {
  const std::string sweep =
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [twn, late]\n";
  const auto shown = [&](const std::string& axis, const std::vector<std::string>& values) {
    Bench bench(sweep + "grid: {" + axis + ": [" + join(values) + "]}\n");
    double error = 1;
    for (const auto& job : bench.plan().jobs)
      bench.complete({job.run.request.method, 1, job.point}, error += 0.25);
    std::vector<std::string> marks;
    for (const auto& row : bench.table().rows) {
      for (const auto& entry : row.entries)
        marks.push_back(row.method + (entry.best ? " best" : ""));
    }
    return marks;
  };
  using Marks = std::vector<std::string>;
  // TWN's runs come first and are the better ones: the best of each network, or data.
  const Marks each = {"twn best", "late", "twn best", "late"};
  CHECK(shown("model.hidden", {"[16]", "[32]"}) == each);
  CHECK(shown("model.output_norm", {"true", "false"}) == each);
  CHECK(shown("data.train_limit", {"1000", "2000"}) == each);
  CHECK(shown("dataset", {"mnist", "fashion_mnist"}) ==
        Marks{"twn best", "twn best", "late", "late"});  // in columns
  // How a network is trained may be compared.
  const Marks one = {"twn best", "twn", "late", "late"};
  CHECK(shown("train.epochs", {"1", "2"}) == one);
  CHECK(shown("model.init", {"loss_aware", "glorot"}) == one);
}

TEST_CASE("an axis of data sets has a column for each") {
  Bench bench(
      "title: T\ntable: feedforward\nprofile: paper\nexperiments: [mnist]\nmethods: [late]\n"
      "grid: {dataset: [mnist, fashion_mnist]}\n");
  const Table table = bench.table();
  REQUIRE(table.columns.size() == 2);
  CHECK(table.columns[0].title == "MNIST");
  CHECK(table.columns[1].title == "Fashion-MNIST");
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0].entries[0].paper);
  CHECK_FALSE(table.rows[0].entries[1].paper);
}

TEST_CASE("bold follows the printed figure, also where a mean ends in a five") {
  Bench bench(kSweep);
  // In binary 1.125 is exact, and prints as 1.12.
  bench.complete({"bwn"}, 1.12);
  bench.complete({"lab"}, 1.125);
  CHECK(best(bench.table()) == std::vector<std::string>{"bwn", "lab"});
  CHECK_FALSE(holds(markdown_of(bench.table()), " 1.12 "));
}

TEST_CASE("means over other seeds than the rest are named") {
  Bench bench(
      "title: T\nprofile: paper\nexperiments: [mnist]\nmethods: [full, bwn, lab, twn]\n"
      "seeds: [1, 2, 3, 5]\n");
  for (const int seed : {1, 2, 3, 5}) {
    bench.complete({"full", seed}, 1.0);
    if (seed != 5) bench.complete({"bwn", seed}, 1.1);
    bench.complete({"lab", seed}, 1.2);
  }
  const std::string note =
      "MNIST: not all means are over the same seeds: 1 to 3, 5, but BWN 1 to 3.";
  CHECK(holds(markdown_of(bench.table()), note));
  CHECK(holds(latex_of(bench.table()), note));
  bench.complete({"bwn", 5}, 1.1);
  CHECK_FALSE(holds(markdown_of(bench.table()), "the same seeds"));
}

TEST_CASE("rows of a grid over other seeds are named by their values, many by their number") {
  Bench bench(
      "title: T\nprofile: paper\nexperiments: [mnist]\nmethods: [full, bwn, twn]\n"
      "seeds: [1, 2]\ngrid: {train.learning_rate: [0.001, 0.003]}\n");
  const auto complete = [&](const std::string& method, const std::string& rate, std::int64_t seed) {
    bench.complete({method, seed, {{"train.learning_rate", rate}}}, 1.0);
  };
  for (const char* method : {"full", "bwn", "twn"}) {
    for (const char* rate : {"0.001", "0.003"}) complete(method, rate, 1);
  }
  for (const char* method : {"full", "bwn"}) {
    for (const char* rate : {"0.001", "0.003"}) complete(method, rate, 2);
  }
  CHECK(holds(markdown_of(bench.table()), "seeds: 1, 2, but TWN (0.001) and TWN (0.003) 1."));
  complete("twn", "0.001", 2);
  CHECK(holds(markdown_of(bench.table()), "seeds: 1, 2, but TWN (0.003) 1."));
  CHECK(holds(markdown_of(bench.table()), "\n- TWN (0.003), MNIST, seed 2 not run\n"));
}

TEST_CASE("what many runs miss is said once") {
  Bench bench(
      "title: T\nprofile: paper\nexperiments: [mnist, svhn]\nmethods: [full, bwn, lab, twn]\n"
      "seeds: [1, 2]\n");
  for (const char* method : {"full", "bwn", "lab", "twn"}) {
    bench.complete({method}, 1.0);
    bench.complete({method, 1, {}, "svhn"}, 1.0);
  }
  bench.complete({"twn", 2}, 1.0);
  const std::string text = markdown_of(bench.table());
  CHECK(holds(text, "\n- SVHN: 4 runs missing: train_32x32.mat"));
  CHECK(holds(text, "\n- full-precision and 2 other rows, MNIST, seed 2 not run\n"));
  CHECK_FALSE(holds(text, "SVHN, seed"));
}

TEST_CASE("one method alone in its group is not called the best") {
  Bench bench(kSweep);
  bench.complete({"lab"}, 1.3);
  bench.complete({"late"}, 1.1);
  CHECK(best(bench.table()).empty());
  CHECK_FALSE(holds(markdown_of(bench.table()), "Bold"));
}

TEST_CASE("a column without its data says which files are not at hand") {
  Bench bench(
      "title: T\ntable: feedforward\nprofile: paper\nexperiments: [mnist, svhn]\n"
      "methods: [full, late]\n");
  bench.complete({"full"}, 1.1);
  const Table table = bench.table();
  CHECK(table.columns[0].absent.empty());
  CHECK(missing_of(table.rows[1].entries[0]).at(0).short_why() == "not run");
  const RunData missing = missing_of(table.rows[1].entries[1]).at(0);
  CHECK(missing.short_why() == "missing");
  CHECK(missing.why() == "not run: its data is not at hand");
  const std::string text = markdown_of(table);
  CHECK(holds(text,
              "\n- SVHN: 2 runs missing: train_32x32.mat, extra_32x32.mat, test_32x32.mat not at "
              "hand\n"));
  CHECK_FALSE(holds(text, "- LATe, SVHN"));
  CHECK(holds(latex_of(table), "Missing: SVHN: 2 runs missing: train\\_32x32.mat"));
}
