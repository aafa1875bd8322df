#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "analysis_support.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

const std::string kSweep =
    "title: Trial\ntable: feedforward\nprofile: paper\nexperiments: [mnist]\n"
    "methods: [full, late, twn]\nseeds: [1, 2, 3]\n";
const std::string kGrid =
    "title: Bits\ntable: feedforward\nprofile: paper\nexperiments: [mnist]\n"
    "methods: [laq3_linear_released]\ngrid: {quantizer.bits: [2, 3]}\n";

struct Missing {
  std::string state, reason;
};

Missing missing(const Table& table, const std::string& method) {
  const auto all = missing_of(entry(table, method));
  REQUIRE(all.size() == 1);
  return {all.front().short_why(), all.front().why()};
}

}  // namespace

TEST_CASE("mean, spread and difference over seeds") {
  Bench bench(kSweep);
  bench.complete({"late", 1}, {1.1, 70.0, 12});
  bench.complete({"late", 2}, {1.2, 60.0, 30});
  bench.complete({"late", 3}, {1.4, 80.0, 14});
  bench.complete({"full", 2}, 1.25);
  const Table table = bench.table();
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[1].title == "LATe");
  CHECK(table.of_the_paper());
  CHECK(table.columns[0].decimals == 2);

  // Deviations from 3.7/3 in units of 1/30: -4, -1, 5; squares 42/900, halved 7/300.
  const Entry& late = entry(table, "late");
  CHECK(late.ours.n == 3);
  CHECK(late.ours.mean == Approx(3.7 / 3));
  CHECK(late.ours.sd.value() == Approx(std::sqrt(7.0 / 300)));
  REQUIRE(late.paper);
  CHECK(late.paper->text == "1.15");
  CHECK_FALSE(late.paper->checked);
  CHECK(late.difference.value() == Approx(3.7 / 3 - 1.15));
  CHECK(late.step_ms == 60.0);  // the lowest
  CHECK(measure(late, "best_epoch", Metric::test_error).mean == 14.0);
  CHECK(results_of(late).at(2).folder == bench.run_folder({"late", 3}));

  const Entry& full = entry(table, "full");
  CHECK(full.ours.n == 1);
  CHECK_FALSE(full.ours.sd);
  CHECK(full.planned() == 3);
  CHECK(missing_of(full).size() == 2);
  CHECK_FALSE(full.step_ms);
  const Entry& twn = entry(table, "twn");
  CHECK(twn.ours.n == 0);
  CHECK(twn.paper);
  CHECK_FALSE(twn.difference);
}

TEST_CASE("every missing run says why") {
  Bench bench(
      "title: T\nexperiments: [mnist]\nprofile: quick\n"
      "methods: [full, bwn, lab, twn, late, lata, ttq, lat2e, lat2a, dorefa3, binaryconnect]\n");
  bench.leave({"bwn"}, State::failed, "no space\nleft on device");
  bench.leave({"lab"}, State::diverged, "at epoch 3, step 1204: the loss is NaN");
  bench.leave({"twn"}, State::running, "");
  bench.leave({"late"}, State::interrupted, "its process ended without a word");
  bench.leave({"lata"}, State::completed, "");  // and no record
  bench.complete({"ttq"}, 1.0);
  std::ofstream(bench.run_folder({"ttq"}) / "run.h5", std::ios::trunc) << "not HDF5";
  bench.complete({"lat2e"}, Measured{});
  bench.complete({"lat2a"}, std::nan(""));
  bench.write_record({"dorefa3"}, Measured{1.0}, std::string(64, 'f'));
  bench.leave({"dorefa3"}, State::completed, "");
  bench.leave({"binaryconnect"}, State::failed, "");
  std::ofstream(bench.run_folder({"binaryconnect"}) / "status.json", std::ios::trunc) << "{";
  const Table table = bench.table();

  CHECK(missing(table, "full").reason == "not run");
  CHECK(missing(table, "bwn").reason == "failed: no space left on device");
  CHECK(missing(table, "lab").reason == "diverged at epoch 3, step 1204: the loss is NaN");
  CHECK(missing(table, "lab").state == "diverged");
  CHECK(missing(table, "twn").reason == "running");
  CHECK(missing(table, "late").reason == "interrupted: its process ended without a word");
  for (const char* method : {"lata", "ttq", "lat2e", "lat2a"}) {
    INFO(method);
    CHECK(missing(table, method).state == "unreadable");
  }
  CHECK(holds(missing(table, "lata").reason, "run.h5"));
  CHECK(holds(missing(table, "ttq").reason, "run.h5"));
  CHECK(holds(missing(table, "lat2e").reason, "the record has no test_error"));
  CHECK(holds(missing(table, "lat2a").reason, "no finite test_error"));
  CHECK(missing(table, "dorefa3").state == "failed");
  CHECK(holds(missing(table, "dorefa3").reason, "of another run"));
  CHECK(holds(missing(table, "binaryconnect").reason, "failed: "));
  CHECK(table.origin.empty());
}

TEST_CASE("a profile or a changed key leaves the paper's protocol") {
  const Table paper = Bench(kSweep).table();
  CHECK(paper.of_the_paper());
  CHECK(paper.departures.empty());

  const Table quick = Bench(
                          "title: T\ntable: feedforward\nprofile: quick\n"
                          "experiments: [mnist]\nmethods: [full]\n")
                          .table();
  CHECK_FALSE(quick.of_the_paper());
  REQUIRE(quick.departures.size() == 1);
  CHECK(holds(quick.departures[0], "small networks"));

  const Table changed = Bench(kSweep, {"train.epochs=3", "model.hidden=[64, 32]"}).table();
  CHECK_FALSE(changed.of_the_paper());
  REQUIRE(changed.departures.size() == 1);
  CHECK(changed.departures[0] == "changed: train.epochs=3, model.hidden=[64, 32]");

  const Table other =
      Bench("title: T\nprofile: paper\nexperiments: [mnist_lenet5]\nmethods: [full]\n").table();
  CHECK(other.departures == std::vector<std::string>{"data or networks that are not the paper's"});

  const Table same = Bench(kSweep, {"train.epochs=50"}).table();
  CHECK(same.of_the_paper());
  CHECK(same.overrides == std::vector<std::string>{"train.epochs=50"});
}

TEST_CASE("a dataset that is in no table of the papers has no figure") {
  Bench bench(
      "title: T\ntable: feedforward\nprofile: paper\nexperiments: [fashion_mnist]\n"
      "methods: [full]\n");
  bench.complete({"full"}, 9.5);
  const Table table = bench.table();
  CHECK(table.columns.at(0).title == "Fashion-MNIST");
  CHECK_FALSE(table.has_figures());
  CHECK_FALSE(entry(table, "full").difference);
  CHECK(entry(table, "full").ours.mean == 9.5);
}

TEST_CASE("a grid has a row for each point, and figures only at the method's own") {
  Bench bench(kGrid);
  const Point two{{"quantizer.bits", "2"}}, three{{"quantizer.bits", "3"}};
  bench.complete({"laq3_linear_released", 1, two}, 1.3);
  bench.complete({"laq3_linear_released", 1, three}, 1.25);
  const Table table = bench.table();
  CHECK(table.axes == std::vector<std::string>{"quantizer.bits"});
  REQUIRE(table.rows.size() == 2);
  CHECK(entry(table, "laq3_linear_released", two).ours.mean == 1.3);
  CHECK_FALSE(entry(table, "laq3_linear_released", two).paper);
  REQUIRE(entry(table, "laq3_linear_released", three).difference);
  CHECK(*entry(table, "laq3_linear_released", three).difference == Approx(0.05));
  CHECK(table.of_the_paper());
  CHECK_FALSE(Bench(kGrid, {"train.epochs=1"}).table().of_the_paper());
}

TEST_CASE("a copy of a run under another seed counts for nothing") {
  Bench bench("title: T\nprofile: paper\nexperiments: [mnist]\nmethods: [full]\nseeds: [1, 2]\n");
  bench.complete({"full"}, 1.2);
  std::filesystem::copy(bench.run_folder({"full"}), bench.run_folder({"full", 2}));
  const Table table = bench.table();
  const Entry& full = entry(table, "full");
  CHECK(results_of(full).size() == 1);
  REQUIRE(missing_of(full).size() == 1);
  CHECK(missing_of(full)[0].seed == 2);
  CHECK(holds(missing_of(full)[0].why(), "found seed 1, expected seed 2"));
}
