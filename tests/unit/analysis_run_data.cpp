#include <cmath>
#include <fstream>

#include "chart_support.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;
using namespace laq::test;

namespace {

const std::string kSweep =
    "title: Trial\nprofile: quick\nexperiments: [mnist]\nmethods: [full, late, twn]\nseeds: [1, "
    "2]\n";

}  // namespace

TEST_CASE("a sweep's records are read with what is wrong with them", "[charts]") {
  const Recorded sweep(kSweep);
  sweep.complete(0, history_of({{4, 5}, {2, 3}}));
  sweep.complete(1, history_of({{6, 7}, {4, 5}}));
  sweep.complete(2, history_of({{8, 9}}));
  sweep.put(3, history_of({{50, 60}}), record::State::diverged, "at epoch 2");
  sweep.put(4, history_of({{1, 2}}), record::State::completed);
  std::ofstream(sweep.plan().jobs[4].folder / "run.h5", std::ios::trunc) << "no HDF5";
  const SweepData data = sweep.data();
  REQUIRE(data.series.size() == 3);
  CHECK(data.experiments == std::vector<std::string>{"mnist"});
  CHECK(data.title_of("mnist") == "MNIST");
  CHECK(data.metric("mnist") == Metric::test_error);

  const Series& full = data.series[0];
  CHECK(full.first_job == 0);
  CHECK(full.completed() == 2);
  CHECK(full.honest_label() == "full-precision");
  CHECK(full.finals("test_error") == std::vector<double>{3, 5});
  CHECK(axis_words("quantizer.bits", "1") == "1 bit");
  CHECK(axis_words("quantizer.solver", "exact") == "exact");
  CHECK(axis_words("train.learning_rate", "0.01") == "learning_rate 0.01");

  const Series& late = data.series[1];
  CHECK(late.honest_label() == "LATe (1 of 2 runs)");
  CHECK(late.histories().size() == 1);  // what is complete is not mixed with what is not
  CHECK(late.runs[1].state == record::State::diverged);
  CHECK(late.runs[1].reason == "at epoch 2");

  const Series& twn = data.series[2];
  CHECK(twn.completed() == 0);
  CHECK(twn.honest_label() == "TWN (unreadable)");
  CHECK_THAT(twn.runs[0].reason, Contains("run.h5"));
  CHECK(twn.runs[1].state == record::State::queued);
  CHECK(twn.histories().empty());
}

TEST_CASE("a run under way shows what it has, under its state", "[charts]") {
  const Recorded sweep(kSweep, {"seed=1"});
  sweep.put(0, history_of({{4, 5}}), record::State::running);
  const SweepData data = sweep.data();
  CHECK(data.series[0].honest_label() == "full-precision (running)");
  CHECK(data.series[0].histories().size() == 1);
  CHECK(data.series[0].finals("test_error").empty());
  CHECK(data.series[1].honest_label() == "LATe (not run)");
}

TEST_CASE("a record of another run is not used", "[charts]") {
  const Recorded sweep(kSweep);
  sweep.complete(0, history_of({{4, 5}}));
  record::Provenance other = record::test::sample_provenance();
  record::write_run_record(sweep.plan().jobs[0].folder / "run.h5", other, history_of({{1, 1}}));
  const SweepData data = sweep.data();
  CHECK_FALSE(data.series[0].runs[0].record);
  CHECK(data.series[0].runs[0].state == record::State::failed);
  CHECK_THAT(data.series[0].runs[0].reason, Contains("of another run"));
}

TEST_CASE("labels say what tells the series of a sweep apart", "[charts]") {
  const Recorded grid(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [laq3_linear]\n"
      "grid: {quantizer.levels: [linear, log], quantizer.bits: [3], model.hidden: [[8], [16, "
      "16]]}\n");
  std::vector<std::string> labels;
  for (const auto& series : grid.data().series) labels.push_back(series.label);
  // Axes in the order of the plan, which is that of their names.
  CHECK(labels == std::vector<std::string>{"hidden [8], linear", "hidden [8], log",
                                           "hidden [16, 16], linear", "hidden [16, 16], log"});
  const Recorded bits_axis(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [laq3_linear, laq3_log]\n"
      "grid: {quantizer.bits: [2, 4]}\n");
  CHECK(bits_axis.data().series[1].label == "LAQ linear (4 bits)");
  const Recorded solvers(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [late, lat2e]\n"
      "grid: {quantizer.solver: [exact, alternating], model.hidden: [[8], [16]]}\n");
  CHECK(solvers.data().series[0].label == "LATe, hidden [8]");
  CHECK(solvers.data().series[7].label == "LAT2e, solver alternating, hidden [16]");
}
