#include <algorithm>
#include <cctype>
#include <cmath>

#include "analysis/chart_scatter.hpp"
#include "chart_support.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;
using namespace laq::test;

namespace {

const std::string kMethods =
    "title: Trial\nprofile: quick\nexperiments: [mnist]\n"
    "methods: [full, lab, late, laq3_linear, laq4_linear]\nseeds: [1, 2]\n";

record::History with_steps(const std::vector<double>& seconds) {
  record::History history = history_of({{4, 5}});
  for (std::size_t i = 0; i < seconds.size(); ++i)
    history.steps.append(static_cast<std::int64_t>(i) + 1, {{"loss", 1}, {"seconds", seconds[i]}});
  return history;
}

/// Two epochs of one quantized layer, with what a run records of it.
record::History with_layer(bool distribution) {
  record::History history;
  const std::vector<std::vector<double>> scales = {{0.25, 0.75}, {0.5, 1}};
  for (std::size_t e = 0; e < 2; ++e) {
    history.epochs.append(static_cast<std::int64_t>(e) + 1, {{"test_error", 5.0}});
    history.append_layer("dense1.weight", "scales", scales[e]);
    history.append_layer("dense1.weight", "zero_fraction", 0.5);
    history.append_layer("dense1.weight", "flips", 0.125);
    history.append_layer("dense1.weight", "rounds", 3);
    history.append_layer("dense1.weight", "level_histogram", std::vector{0.25, 0.5, 0.25});
    if (!distribution) continue;
    history.append_layer("dense1.weight", "level_values", std::vector{-0.5, 0.0, 0.5});
    history.append_layer("dense1.weight", "latent_histogram", std::vector{0.1, 0.4, 0.4, 0.1});
    history.append_layer("dense1.weight", "latent_largest", 0.8);
    history.append_layer("dense1.weight", "gap", e == 0 ? 0.02 : 0.0);
  }
  history.final_values["test_error"] = 5.0;
  return history;
}

}  // namespace

TEST_CASE("labels are moved as little as may be", "[charts]") {
  using V = std::vector<double>;
  CHECK(spread({10, 50, 90}, 10, 0, 100) == V{10, 50, 90});
  CHECK(spread({50, 50}, 10, 0, 100) == V{45, 55});
  CHECK(spread({52, 48}, 10, 0, 100) == V{55, 45});
  CHECK(spread({2, 4}, 10, 0, 100) == V{0, 10});
  CHECK(spread({98, 99}, 10, 0, 100) == V{90, 100});
  CHECK(spread({40, 48, 56}, 10, 0, 100) == V{38, 48, 58});
  CHECK(spread({}, 10, 0, 100).empty());
  // What was apart may meet when others are moved.
  const V many = spread({10, 10, 10, 26}, 10, 0, 100);
  for (std::size_t i = 1; i < many.size(); ++i) CHECK(many[i] - many[i - 1] >= 10 - 1e-12);
}

TEST_CASE("words of figures", "[charts]") {
  CHECK(common_label({"LATe"}) == "LATe");
  CHECK(common_label({"LAQ linear (3 bits)", "LAQ linear (4 bits)"}) == "LAQ linear");
  CHECK(common_label({"log, 2 bits, exact", "log, 3 bits, exact"}) == "log, exact");
  CHECK(common_label({"a", "b"}) == "b");
  CHECK(file_word("LAQ log (3 bits), [8, 16]") == "LAQ-log-3-bits-8-16");
  CHECK(file_word("../x y") == "..-x-y");
  CHECK(script_text("it's") == "'it''s'");
  CHECK(table_field("a 'b, c") == "a 'b, c");
  CHECK(table_field("\"a\" b") == "\"\"\"a\"\" b\"");
  CHECK(layer_word("conv1.weight") == "conv1");
}

TEST_CASE("learning curves are means over the seeds", "[charts]") {
  const Recorded sweep(kMethods);
  sweep.complete(0, history_of({{4, 5}, {2, 3}}));
  sweep.complete(1, history_of({{6, 7}, {4, 5}}));
  sweep.put(2, history_of({{90, 95}}), record::State::diverged, "at epoch 2");
  const Charts charts = learning_charts(sweep.data());
  REQUIRE(charts.drawn.size() == 2);
  CHECK(charts.left_out.empty());
  const Chart& chart = charts.drawn[0];
  CHECK(chart.name == "learning");
  CHECK(charts.drawn[1].name == "loss");
  CHECK(chart.series == std::vector<std::size_t>{0, 2});
  const auto rows = rows_of(chart.data.at(0).second);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == std::vector<std::string>{"panel", "method", "runs", "completed", "epoch",
                                            "train_loss", "valid_loss", "test_loss", "valid_error",
                                            "test_error"});
  CHECK(rows[2] == std::vector<std::string>{"1", "full-precision", "2", "yes", "2", "0.06", "0.03",
                                            "0.04", "3", "4"});
  CHECK(rows[3][3] == "no");
  CHECK(rows[3][8] == "90");
  CHECK_THAT(chart.script, Contains("'LAB (diverged)'") && Contains("'Error (%)'") &&
                               Contains("set xlabel 'Epoch'") && Contains("set logscale y"));

  const Charts none = learning_charts(Recorded(kMethods).data());
  CHECK(none.drawn.empty());
  REQUIRE(none.left_out.size() == 1);
  CHECK(none.left_out[0].reason == "no run has recorded an epoch");
}

TEST_CASE("figures of pictures show errors, and the loss that was trained", "[charts]") {
  const auto drawn = [](const std::string& experiment, const std::string& words) {
    const Recorded sweep("title: T\nprofile: quick\nexperiments: [" + experiment +
                         "]\nmethods: [full, late]\n" + words);
    record::History history = history_of({{4, 5}, {2, 3}});
    history.final_values["test_loss"] = 0.5;
    for (std::size_t i = 0; i < sweep.plan().jobs.size(); ++i) sweep.complete(i, history);
    std::string scripts;
    for (const auto& charts : {learning_charts(sweep.data()), size_charts(sweep.data())}) {
      for (const auto& chart : charts.drawn) scripts += chart.script;
    }
    return scripts;
  };
  CHECK_THAT(drawn("mnist", ""), Contains("'Loss (squared hinge)'"));
  const std::string crossed = drawn("mnist", "overrides: {train.loss: cross_entropy}\n");
  CHECK_THAT(crossed, Contains("'Loss (cross-entropy, nats)'") && Contains("'Error (%)'") &&
                          Contains("'Test error (%)'") && !Contains("nats per character"));
  CHECK_THAT(drawn("mnist", "grid: {train.loss: [squared_hinge, cross_entropy]}\n"),
             Contains("'Loss (cross-entropy, nats or squared hinge)'"));
  CHECK_THAT(drawn("war_and_peace", ""), Contains("'Loss (nats per character)'") &&
                                             Contains("'Test loss (nats per character)'") &&
                                             !Contains("rror (%)"));
}

TEST_CASE("titles that become one word give figures of different names", "[charts]") {
  const auto names = [](const std::vector<std::string>& titles) {
    const Scratch methods;
    std::string list;
    for (std::size_t i = 0; i < titles.size(); ++i) {
      list += (i ? ", " : "") +
              methods
                  .write("m" + std::to_string(i) + ".yaml",
                         "title: '" + titles[i] +
                             "'\nquantizer: {levels: ternary}\ntrain: {clip_weights: " +
                             std::to_string(i + 1) + "}\n")
                  .string();
    }
    const Recorded sweep("title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [" + list +
                         "]\n");
    for (std::size_t i = 0; i < titles.size(); ++i) sweep.complete(i, with_layer(true));
    std::vector<std::string> all;
    for (const auto& chart : scales_charts(sweep.data()).drawn) all.push_back(chart.name);
    return all;
  };
  CHECK(names({"LATe", "LAQ log (3 bits)"}) ==
        std::vector<std::string>{"scales-LATe", "scales-LAQ-log-3-bits"});
  for (const std::vector<std::string>& titles : {std::vector<std::string>{"LAQ α", "LAQ β"},
                                                 {"α", "β"},
                                                 {"A b", "A (b)"},
                                                 {"late", "LATE"},
                                                 {"same", "same"},
                                                 {"50%", "50"}}) {
    INFO(titles[0]);
    auto first = names(titles);
    REQUIRE(first.size() == 2);
    std::transform(first.begin(), first.end(), first.begin(), [](std::string name) {
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return name;
    });
    CHECK(first[0] != first[1]);
    for (const auto& name : first) CHECK(file_word(name) == name);
  }
}

TEST_CASE("error against bits, with the line of full precision", "[charts]") {
  const Recorded sweep(kMethods);
  const std::vector<double> errors = {2, 4, 8, 6, 5};
  for (std::size_t i = 0; i < errors.size(); ++i) {
    sweep.complete(2 * i, history_of({{9, errors[i]}}));
    sweep.complete(2 * i + 1, history_of({{9, errors[i] + 1}}));
  }
  const Charts charts = bits_charts(sweep.data(), project_configs());
  REQUIRE(charts.drawn.size() == 1);
  const Chart& chart = charts.drawn[0];
  const auto rows = rows_of(chart.data.at(0).second);
  REQUIRE(rows.size() == 5);
  CHECK(rows[0] == std::vector<std::string>{"line", "method", "bits", "runs", "mean", "sd"});
  CHECK(rows[1] == std::vector<std::string>{"1", "LAB", "1", "2", "4.5", "0.707107"});
  // The two LAQ methods differ in bits alone: one line.
  CHECK(rows[3][0] == rows[4][0]);
  CHECK(rows[4][2] == "4");
  CHECK_THAT(chart.script, Contains("set label 'LAQ linear' at") &&
                               Contains("set label 'LATe' at") && Contains("plot 2.5 with lines") &&
                               Contains("'full-precision 2.5'") && Contains("'Test error (%)'"));
  CHECK_THAT(chart.caption, Contains("standard deviation over the seeds"));
}

TEST_CASE("a full-precision run that a grid cannot list still gives the line", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [laq3_linear]\n"
      "grid: {quantizer.bits: [2, 3]}\n",
      {"train.epochs=1"});
  sweep.complete(0, history_of({{9, 7}}));
  sweep.complete(1, history_of({{9, 6}}));
  const Charts without = bits_charts(sweep.data(), project_configs());
  REQUIRE(without.drawn.size() == 1);
  CHECK_THAT(without.drawn[0].caption, Contains("No full-precision run is completed"));
  CHECK_THAT(without.drawn[0].script, !Contains("full-precision"));

  train::RunRequest request = sweep.plan().jobs[0].run.request;
  request.method = "full";
  request.overrides.resize(1);
  sweep::Job full{train::resolve(project_configs(), request), {}, record::State::queued, {}, {}};
  full.folder = sweep.plan().runs / full.run.folder();
  sweep.write(full, history_of({{9, 5.25}}), record::State::completed);
  const Charts with = bits_charts(sweep.data(), project_configs());
  CHECK_THAT(with.drawn.at(0).script, Contains("'full-precision 5.25'"));
}

TEST_CASE("model size is bits times weights", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, late]\n"
      "overrides: {model.hidden: \"[10]\"}\n");
  sweep.complete(0, history_of({{9, 2}}));
  CHECK(size_charts(sweep.data()).left_out.at(0).reason ==
        "needs completed runs of at least two sizes");
  sweep.complete(1, history_of({{9, 4}}));
  const Charts charts = size_charts(sweep.data());
  REQUIRE(charts.drawn.size() == 1);
  const auto rows = rows_of(charts.drawn[0].data.at(0).second);
  // 784 · 10 + 10 · 10 = 7940 weights of 32 and of 2 bits.
  CHECK(std::stod(rows.at(1).at(2)) == Approx(31760.0 / (1 << 20)).epsilon(1e-6));
  CHECK(std::stod(rows.at(2).at(2)) == Approx(1985.0 / (1 << 20)).epsilon(1e-6));
  CHECK_THAT(charts.drawn[0].script, Contains("(MiB)") && Contains("set logscale x"));
}

TEST_CASE("step times are the middle of all steps and their tenths", "[charts]") {
  const Recorded sweep(kMethods);
  CHECK(time_charts(sweep.data()).left_out.size() == 1);
  std::vector<double> seconds;
  for (int i = 0; i <= 100; ++i) seconds.push_back(0.001 * ((i * 37) % 101));
  sweep.complete(0, with_steps(seconds));
  const Charts charts = time_charts(sweep.data());
  REQUIRE(charts.drawn.size() == 1);
  CHECK(rows_of(charts.drawn[0].data.at(0).second).at(1) ==
        std::vector<std::string>{"1", "full-precision", "101", "10", "50", "90"});
  CHECK_THAT(charts.drawn[0].script, Contains("'Time of a training step (ms)'"));
  CHECK_THAT(charts.drawn[0].caption,
             Contains("Without a completed run: LAB (not run), LATe (not run)"));
}

TEST_CASE("weights, scales and solver are those that the record holds", "[charts]") {
  const Recorded sweep("title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, lat2a]\n");
  sweep.complete(0, history_of({{9, 2}}));
  sweep.complete(1, with_layer(true));
  const SweepData data = sweep.data();

  const Charts weights = weights_charts(data);
  REQUIRE(weights.drawn.size() == 1);  // full precision has no quantized weights
  CHECK(weights.drawn[0].name == "weights-LAT2a");
  const auto latent = rows_of(weights.drawn[0].data.at(0).second);
  REQUIRE(latent.size() == 5);
  CHECK(latent[1] == std::vector<std::string>{"1", "dense1.weight", "-0.8", "-0.4", "10", "0.25"});
  const auto levels = rows_of(weights.drawn[0].data.at(1).second);
  CHECK(levels.at(1) == std::vector<std::string>{"1", "dense1.weight", "1", "-0.5", "25"});

  const Charts scales = scales_charts(data);
  REQUIRE(scales.drawn.size() == 1);
  const auto rows = rows_of(scales.drawn[0].data.at(0).second);
  CHECK(rows.at(0) == std::vector<std::string>{"line", "layer", "epoch", "alpha", "beta",
                                               "zero_percent", "flips_percent"});
  CHECK(rows.at(2) ==
        std::vector<std::string>{"1", "dense1.weight", "2", "0.5", "1", "50", "12.5"});

  const Charts solver = solver_charts(data);
  REQUIRE(solver.drawn.size() == 1);
  const auto gaps = rows_of(solver.drawn[0].data.at(0).second);
  CHECK(gaps.at(1) ==
        std::vector<std::string>{"1", "dense1.weight", "1", "3", "2", "2", "1", "LAT2a"});
  CHECK(gaps.at(2).at(4) == "0");
  CHECK_THAT(solver.drawn[0].script, Contains("'Gap to optimum (%)'") && Contains("'Rounds'"));
}

TEST_CASE("what older records lack is named, and drawn without it", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, lat2a, bwn]\n");
  sweep.complete(1, with_layer(false));
  const SweepData data = sweep.data();
  const Charts weights = weights_charts(data);
  CHECK(weights.drawn.empty());
  REQUIRE(weights.left_out.size() == 1);
  CHECK_THAT(weights.left_out[0].reason, Contains("there is no checkpoint"));
  const Charts solver = solver_charts(data);
  REQUIRE(solver.drawn.size() == 1);
  CHECK_THAT(solver.drawn[0].script, !Contains("Gap to optimum"));
  CHECK_THAT(solver.drawn[0].caption, Contains("not in these records"));

  const Recorded unrun("title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full]\n");
  const SweepData empty = unrun.data();
  for (const auto& charts : {weights_charts(empty), scales_charts(empty), solver_charts(empty)}) {
    CHECK(charts.drawn.empty());
    CHECK(charts.left_out.size() == 1);
  }
}
