#include <catch2/catch.hpp>

#include "analysis/chart.hpp"
#include "analysis/step_time.hpp"
#include "analysis_support.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

record::History with_steps(std::int64_t epochs, const std::vector<double>& seconds) {
  record::History history;
  for (std::int64_t i = 1; i <= epochs; ++i) history.epochs.append(i, {{"train_loss", 1}});
  for (std::size_t i = 0; i < seconds.size(); ++i)
    history.steps.append(static_cast<std::int64_t>(i) + 1, {{"seconds", seconds[i]}});
  return history;
}

const std::string kSweep =
    "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, twn, late]\nseeds: [1, 2]\n";

}  // namespace

TEST_CASE("the step time is the lowest of the epochs' medians") {
  // Medians of 5, 2 and (a shorter last epoch) 4 milliseconds.
  const auto time =
      step_time(with_steps(3, {0.005, 0.100, 0.001, 0.002, 0.002, 0.300, 0.003, 0.005}));
  REQUIRE(time);
  CHECK(time->ms == Approx(2));
  CHECK_FALSE(time->steady);
  CHECK(step_time(with_steps(2, {0.0040, 0.0041, 0.0042, 0.0049, 0.0050, 0.0051}))->steady);
  CHECK_FALSE(step_time(with_steps(2, {0.0040, 0.0040, 0.0040, 0.0051, 0.0051, 0.0051}))->steady);
  CHECK(step_time(with_steps(1, {0.004, 0.400, 0.004}))->ms == Approx(4));
  CHECK_FALSE(step_time(with_steps(1, {})));
}

TEST_CASE("a record without steps has the median that it was given") {
  record::History history = with_steps(1, {});
  history.final_values["step_ms"] = 7.5;
  CHECK(step_time(history)->ms == 7.5);
}

TEST_CASE("when a run was under way is told by its last write and the seconds spent") {
  record::RunRecord record;
  record.provenance.file_time = "1970-01-02T00:00:00Z";
  record.history = with_steps(1, {});
  CHECK_FALSE(spell_of(record));
  record.history.final_values["seconds"] = 400.0;
  REQUIRE(spell_of(record));
  CHECK(spell_of(record)->begin == 86000);
  CHECK(spell_of(record)->end == 86400);
  record.provenance.file_time = "yesterday";
  CHECK_FALSE(spell_of(record));
}

TEST_CASE("runs side by side on one machine have no step time to rely on") {
  // Records are written at noon: on day 1, day 2; a second is spent, or two days.
  const std::vector<double> steps{0.010, 0.010};
  Bench bench(kSweep);
  bench.complete({"full", 1}, {.test_error = 1, .seconds = 1, .step_seconds = steps});
  bench.complete({"late", 1}, {.test_error = 1, .seconds = 1, .step_seconds = {0.020, 0.021}});
  bench.complete({"late", 2}, {.test_error = 1, .seconds = 1, .step_seconds = {0.030, 0.030}});
  bench.complete({"twn", 2}, {.test_error = 1, .seconds = 1, .step_seconds = {0.040, 0.060}});
  const Table table = bench.table();
  CHECK(entry(table, "full").disturbed);  // beside late's first
  const auto late = results_of(entry(table, "late"));
  CHECK(late[0].disturbed);
  CHECK(late[1].disturbed);  // beside twn's
  const std::string text = markdown_of(table);
  CHECK(holds(text, " ~20.0 |"));
  CHECK(holds(text, " ~40.0 |"));
  CHECK(holds(text, "\\~: no measure of speed"));
}

TEST_CASE("the step time of an undisturbed run goes before that of disturbed ones") {
  Bench bench(kSweep);
  bench.complete({"full", 1}, {.test_error = 1, .seconds = 1, .step_seconds = {0.010, 0.010}});
  bench.complete({"late", 1}, {.test_error = 1, .seconds = 1, .step_seconds = {0.020, 0.021}});
  bench.complete({"late", 2}, {.test_error = 1, .seconds = 1, .step_seconds = {0.030, 0.030}});
  const Table table = bench.table();
  CHECK(entry(table, "late").step_ms == Approx(30));
  CHECK_FALSE(entry(table, "late").disturbed);
  CHECK(entry(table, "full").disturbed);
  CHECK_FALSE(entry(table, "twn").step_ms);
}

TEST_CASE("machines of one name but different processors do not disturb each other") {
  Bench bench(kSweep);
  for (const char* method : {"full", "late"})
    bench.complete({method, 1}, {.test_error = 1, .seconds = 1, .step_seconds = {0.01, 0.01}});
  CHECK(entry(bench.table(), "full").disturbed);
  const auto file = bench.run_folder({"late", 1}) / "run.h5";
  auto record = record::read_run_record(file);
  record.provenance.cpu_model = "Another";
  record::write_run_record(file, record.provenance, record.history);
  CHECK_FALSE(entry(bench.table(), "full").disturbed);
}

TEST_CASE("times are of the one machine with most runs") {
  const auto run = [](double ms, const std::string& device) {
    return Measured{
        .test_error = 1, .seconds = ms, .step_seconds = {ms / 1000, ms / 1000}, .device = device};
  };
  Bench bench(kSweep);
  bench.complete({"full", 1}, run(10, "cpu"));
  bench.complete({"late", 1}, run(30, "cpu"));
  CHECK_FALSE(holds(markdown_of(bench.table()), "Times are of"));
  bench.complete({"late", 2}, run(2, "An H100"));
  bench.complete({"twn", 1}, run(3, "An H100"));
  bench.complete({"twn", 2}, run(4, "An H100"));
  const Table table = bench.table();
  CHECK_FALSE(entry(table, "full").step_ms);
  CHECK(entry(table, "late").step_ms == Approx(2));
  CHECK(measure(entry(table, "late"), "seconds", Metric::test_error).mean == Approx(2));
  const std::string sentence = "Times are of the 3 of 5 runs on one machine: An H100.";
  CHECK(holds(markdown_of(table), sentence));
  CHECK(holds(json_of(table), "\"timed_on\": \"An H100\""));
  for (const auto& chart : time_charts(*table.data).drawn) CHECK(holds(chart.caption, sentence));
  Layout seconds;
  seconds.metrics = {"seconds"};
  CHECK(holds(markdown_of(make_table(bench.plan(), configs(), seconds)), sentence));
}

TEST_CASE("a run that was resumed elsewhere is of both machines") {
  Bench bench(kSweep);
  bench.complete({"full", 1}, {.test_error = 1, .step_seconds = {0.01, 0.01}});
  const auto file = bench.run_folder({"full", 1}) / "run.h5";
  auto record = record::read_run_record(file);
  record::Process gpu = record.provenance;
  gpu.device = "An H100";
  record.history.stretches = {{1, record.provenance}, {2, gpu}};
  record::write_run_record(file, record.provenance, record.history);
  CHECK(results_of(entry(bench.table(), "full"))[0].machine ==
        "A CPU (R) 100% & more_so, 2 threads, then An H100");
}
