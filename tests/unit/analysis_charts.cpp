#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "analysis/chart_facets.hpp"
#include "analysis/chart_layout.hpp"
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
  CHECK(common_label({"a", "b"}).empty());
  CHECK(file_word("LAQ log (3 bits), [8, 16]") == "LAQ-log-3-bits-8-16");
  CHECK(file_word("../x y") == "..-x-y");
  CHECK(script_text("it's") == "'it'.\"'\".'s'");
  CHECK(table_field("a 'b, c") == "a 'b, c");
  CHECK(table_field("\"a\" b") == "\"\"\"a\"\" b\"");
}

TEST_CASE("text is measured and broken where it does not fit", "[charts]") {
  CHECK(text_width("", 10) == 0);
  CHECK(text_width("mm", 10) == Approx(2 * 9.74));
  CHECK(text_width("α", 10) >= 6.59);  // its width in the font
  CHECK(text_width("Ж", 10) >= 10.77);
  using Lines = std::vector<std::string>;
  CHECK(wrapped("one two three", 1000, 10) == Lines{"one two three"});
  CHECK(wrapped("one two three", text_width("one two", 10), 10) == Lines{"one two", "three"});
  const Lines broken = wrapped("a Incomprehensibilities b", 50, 10);
  CHECK(broken.size() > 3);
  std::string together;
  for (const auto& line : broken) {
    CHECK(text_width(line, 10) <= 50);
    together += line;
  }
  CHECK(together == "aIncomprehensibilities b");
  CHECK(wrapped("ααα", 9, 10) == Lines{"α", "α", "α"});
}

TEST_CASE("one spike does not flatten the rest", "[charts]") {
  const std::vector<Interval> most = {{1, 2}, {1.1, 2.2}, {1.2, 1.9}, {1.3, 2.5}};
  const Axis plain = axis_over("", most);
  CHECK(plain.scale == Axis::Scale::linear);
  CHECK((plain.low < 1 && plain.high > 2.5 && plain.high < 3));
  auto spiked = most;
  spiked.push_back({1, 90});
  CHECK(axis_over("", spiked).high == Approx(plain.high));
  // Half of them are no exception; and a spike that costs nothing is shown.
  const Axis wide = axis_over("", {{1, 2}, {1, 2}, {1, 90}, {1, 80}});
  CHECK((wide.high > 90 && wide.scale == Axis::Scale::logarithmic));
  CHECK(axis_over("", {{0, 10}, {0, 10}, {0, 12}, {0, 29}}).high > 29);
  const Axis zero = axis_over("", {{3, 4}}, true);
  CHECK((zero.low == 0 && zero.high > 4));
  const Axis one = axis_over("", {{5, 5}});
  CHECK((one.low < 5 && one.high > 5));
}

TEST_CASE("numbers at an axis do not touch", "[charts]") {
  const std::vector<Axis> axes = {{"", 0, 1},
                                  {"", 0.93, 1.07},
                                  {"", -0.0312, 12345},
                                  {"", 1e-7, 1e7, Axis::Scale::logarithmic},
                                  {"", 0.9, 3, Axis::Scale::logarithmic},
                                  {"", -40, 40, Axis::Scale::asinh},
                                  {"", 0.5, 33, Axis::Scale::linear, {1, 2, 3, 4, 32}}};
  for (const auto& axis : axes) {
    for (const double pixels : {60.0, 120.0, 800.0}) {
      const auto tics = tics_of(axis, pixels, true);
      INFO(axis.low << " … " << axis.high << " on " << pixels);
      REQUIRE(!tics.empty());
      if (pixels > 100 && axis.places.empty()) CHECK(tics.size() > 1);
      for (std::size_t i = 0; i < tics.size(); ++i) {
        CHECK((tics[i].first >= axis.low && tics[i].first <= axis.high));
        if (i == 0) continue;
        const double gap =
            place(axis, tics[i].first, 0, pixels) - place(axis, tics[i - 1].first, 0, pixels);
        CHECK(gap > (text_width(tics[i].second, 10) + text_width(tics[i - 1].second, 10)) / 2);
      }
    }
  }
}

TEST_CASE("learning curves are means over the seeds", "[charts]") {
  const Recorded sweep(kMethods);
  sweep.complete(0, history_of({{4, 5}, {2, 3}}));
  sweep.complete(1, history_of({{6, 7}, {4, 5}}));
  sweep.put(2, history_of({{90, 95}}), record::State::diverged, "at epoch 2");
  const Charts charts = epoch_charts(sweep.data());
  REQUIRE(charts.drawn.size() == 2);
  const Chart& chart = charts.drawn[0];
  CHECK(chart.name == "learning");
  CHECK_FALSE(chart.detail);
  CHECK(charts.drawn[1].name == "loss");
  CHECK(charts.drawn[1].detail);
  CHECK(chart.series == std::vector<std::size_t>{0, 2});
  const Drawing drawing = lay_out(chart, kWideWidth);
  const auto rows = rows_of(drawing.table);
  REQUIRE(rows.size() == 7);  // two epochs of test and validation, and one of each
  CHECK(rows[0] ==
        std::vector<std::string>{"panel", "title", "curve", "name", "x", "y", "sd", "runs"});
  CHECK(rows[2] == std::vector<std::string>{"1", "full-precision", "1", "test error", "2", "4",
                                            "1.41421", "2"});
  CHECK(rows[4][5] == "3");
  CHECK(rows[5] ==
        std::vector<std::string>{"2", "LAB (diverged)", "1", "test error", "1", "95", "nan", "1"});
  CHECK_THAT(drawing.script, Contains("'LAB (diverged)'") && Contains("'Error (%)'") &&
                                 Contains("'Epoch'") && Contains("set logscale y"));

  const Charts none = epoch_charts(Recorded(kMethods).data());
  CHECK(none.drawn.empty());
  REQUIRE(none.left_out.size() == 4);
  CHECK(none.left_out[0].reason == "no run has recorded an epoch");
}

TEST_CASE("axes of the grid tell panels and curves apart", "[charts]") {
  const auto panels = [](const std::string& words) {
    const Recorded sweep("title: T\nprofile: quick\nexperiments: [mnist]\n" + words);
    for (std::size_t i = 0; i < sweep.plan().jobs.size(); ++i)
      sweep.complete(i, history_of({{4, 5}, {2, 3}}));
    std::vector<std::vector<std::string>> all;  // of each figure: "title: labels"
    const Charts charts = epoch_charts(sweep.data());
    for (const auto& chart : charts.drawn) {
      if (!chart.name.starts_with("learning")) continue;
      auto& figure = all.emplace_back();
      for (const auto& panel : std::get<Panels>(chart.body).panels) {
        figure.push_back(panel.title + ":");
        for (const auto& curve : panel.curves) figure.back() += " " + curve.label;
      }
    }
    return all;
  };
  using Figures = std::vector<std::vector<std::string>>;
  CHECK(panels("methods: [full, late]\ngrid: {train.learning_rate: [0.1, 0.2, 0.3]}\n") ==
        Figures{{"full-precision: learning_rate 0.1 learning_rate 0.2 learning_rate 0.3",
                 "LATe: learning_rate 0.1 learning_rate 0.2 learning_rate 0.3"}});
  // One way to differ: a panel each.
  CHECK(panels("methods: [full, late]\n") == Figures{{"full-precision:  ", "LATe:  "}});
  const std::string solver =
      "methods: [laq3_linear]\ngrid: {quantizer.levels: [linear, log], quantizer.scaling: "
      "[symmetric, asymmetric], quantizer.solver: [exact, alternating], quantizer.bits: [2, 3, "
      "4]}\n";
  const auto grid = panels(solver);
  REQUIRE(grid.size() == 1);
  REQUIRE(grid[0].size() == 8);
  CHECK(grid[0][0] == "linear, symmetric, exact: 2 bits 3 bits 4 bits");
  // 25 panels: no figure has more than 12.
  const auto many = panels("methods: [full]\ngrid: {train.learning_rate: \"range(1,26)\"}\n");
  REQUIRE(many.size() == 3);
  CHECK((many[0].size() == 9 && many[2].size() == 7));
}

TEST_CASE("a figure is laid out for its width", "[charts]") {
  const Recorded sweep(kMethods);
  for (std::size_t i = 0; i < sweep.plan().jobs.size(); ++i)
    sweep.complete(i, history_of({{4, 5}, {2, 3}}));
  const Chart chart = epoch_charts(sweep.data()).drawn.at(0);
  const Drawing wide = lay_out(chart, kWideWidth), narrow = lay_out(chart, kNarrowWidth);
  CHECK(wide.width == kWideWidth);
  CHECK(narrow.width == kNarrowWidth);
  CHECK(narrow.height > wide.height);
  CHECK(narrow.table == wide.table);
}

TEST_CASE("figures of pictures show errors, and the loss that was trained", "[charts]") {
  const auto drawn = [](const std::string& experiment, const std::string& words) {
    const Recorded sweep("title: T\nprofile: quick\nexperiments: [" + experiment +
                         "]\nmethods: [full, late]\n" + words);
    record::History history = history_of({{4, 5}, {2, 3}});
    history.final_values["test_loss"] = 0.5;
    for (std::size_t i = 0; i < sweep.plan().jobs.size(); ++i) sweep.complete(i, history);
    std::string scripts;
    for (const auto& charts : {epoch_charts(sweep.data()), overview_charts(sweep.data())}) {
      for (const auto& chart : charts.drawn) scripts += lay_out(chart, kWideWidth).script;
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
    for (const auto& chart : layer_charts(sweep.data(), LayerChoice::all).drawn)
      all.push_back(chart.name);
    return all;
  };
  CHECK(names({"LATe", "LAQ log (3 bits)"}) ==
        std::vector<std::string>{"layers-LATe", "layers-LAQ-log-3-bits"});
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

TEST_CASE("the overview has every setting by its bits, with mean and spread", "[charts]") {
  const Recorded sweep(kMethods);
  CHECK(overview_charts(sweep.data()).left_out.at(0).reason == "no run is completed");
  const std::vector<double> errors = {2, 4, 8, 6, 5};
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (i == 2) continue;
    sweep.complete(2 * i, history_of({{9, errors[i]}}));
    sweep.complete(2 * i + 1, history_of({{9, errors[i] + 1}}));
  }
  const Charts charts = overview_charts(sweep.data());
  REQUIRE(charts.drawn.size() == 1);
  const Chart& chart = charts.drawn[0];
  const auto& body = std::get<MarkRows>(chart.body);
  std::vector<std::string> labels;
  for (const auto& row : body.rows) labels.push_back(row.label);
  CHECK(labels == std::vector<std::string>{"1 bit", "LAB", "2 bits", "LATe", "3 bits",
                                           "LAQ linear (3 bits)", "4 bits", "LAQ linear (4 bits)",
                                           "32 bits: full precision", "full-precision"});
  CHECK_FALSE(body.rows[3].marks.at(0));  // not run
  CHECK(body.rows[1].marks.at(0)->text == "4.50 ± 0.71");
  CHECK(body.panels.at(0).lines.at(0).first == 2.5);
  const Drawing drawing = lay_out(chart, kWideWidth);
  const auto rows = rows_of(drawing.table);
  REQUIRE(rows.size() == 5);
  CHECK(rows[0] == std::vector<std::string>{"panel", "row", "dataset", "method", "bits", "runs",
                                            "value", "low", "high", "allowed_low", "allowed_high",
                                            "look"});
  CHECK(std::vector(rows[1].begin(), rows[1].begin() + 9) ==
        std::vector<std::string>{"1", "2", "MNIST", "LAB", "1", "2", "4.5", "3.79289", "5.20711"});
  // No head without rows; the names stand above their rows where the width has no place for them.
  CHECK_THAT(drawing.script, Contains("'3 bits'") && !Contains("'2 bits'"));
  CHECK_THAT(drawing.script, Contains("'LAQ linear (3 bits)' at") && Contains(" right font"));
  CHECK_THAT(lay_out(chart, kLeastWidth).script, !Contains(" right font"));
  CHECK_THAT(chart.caption, Contains("standard deviation over the seeds") &&
                                Contains("Without a completed run: LATe (not run)"));
}

TEST_CASE("data sets of one title are told apart by their experiments", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [war_and_peace_ts10, war_and_peace, mnist]\n"
      "methods: [full, late]\n");
  record::History history = history_of({{9, 2}});
  history.final_values["test_loss"] = 0.02;
  for (std::size_t i = 0; i < sweep.plan().jobs.size(); ++i) sweep.complete(i, history);
  const Charts charts = overview_charts(sweep.data());
  std::vector<std::string> titles;
  for (const auto& panel : std::get<MarkRows>(charts.drawn.at(0).body).panels)
    titles.push_back(panel.title + ": " + panel.x.label);
  CHECK(titles == std::vector<std::string>{
                      "War and Peace (war_and_peace_ts10): Test loss (nats per character)",
                      "War and Peace (war_and_peace): Test loss (nats per character)",
                      "MNIST: Test error (%)"});
}

TEST_CASE("error against bits, with the line of full precision", "[charts]") {
  const Recorded sweep(kMethods);
  const std::vector<double> errors = {2, 4, 8, 6, 5};
  for (std::size_t i = 0; i < errors.size(); ++i) {
    sweep.complete(2 * i, history_of({{9, errors[i]}}));
    sweep.complete(2 * i + 1, history_of({{9, errors[i] + 1}}));
  }
  const Charts charts = line_charts(sweep.data(), project_configs());
  REQUIRE(charts.drawn.size() == 1);
  const Chart& chart = charts.drawn[0];
  CHECK(chart.name == "bits");
  const Drawing drawing = lay_out(chart, kWideWidth);
  const auto rows = rows_of(drawing.table);
  REQUIRE(rows.size() == 5);  // the two LAQ methods differ in bits alone; and the line's ends
  CHECK(rows[1] == std::vector<std::string>{"1", "LAQ linear", "1", "LAQ linear", "3", "6.5",
                                            "0.707107", "2"});
  CHECK(rows[2][4] == "4");
  CHECK(rows[3][5] == "2.5");
  CHECK_THAT(drawing.script, Contains("'full-precision 2.5'") && Contains("'Test error (%)'"));
  CHECK_THAT(charts.left_out.at(0).reason, Contains("differ in nothing else"));
}

TEST_CASE("error against an axis of the grid, a line for each method", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, late]\n"
      "grid: {train.learning_rate: [0.001, 0.01, 0.1]}\n");
  for (std::size_t i = 0; i < sweep.plan().jobs.size(); ++i)
    sweep.complete(i, history_of({{4, 5.0 + static_cast<double>(i)}}));
  const Charts charts = line_charts(sweep.data(), project_configs());
  REQUIRE(charts.drawn.size() == 1);
  CHECK(charts.drawn[0].name == "by_learning_rate");
  const auto& body = std::get<Panels>(charts.drawn[0].body);
  REQUIRE(body.panels.size() == 1);
  REQUIRE(body.panels[0].curves.size() == 2);
  CHECK(body.panels[0].curves[1].label == "LATe");
  CHECK(body.panels[0].curves[1].points.size() == 3);
  CHECK(body.panels[0].x.scale == Axis::Scale::logarithmic);
}

TEST_CASE("a full-precision run that a grid cannot list still gives the line", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [laq3_linear]\n"
      "grid: {quantizer.bits: [2, 3]}\n",
      {"train.epochs=1"});
  sweep.complete(0, history_of({{9, 7}}));
  sweep.complete(1, history_of({{9, 6}}));
  const auto script = [&] {
    return lay_out(line_charts(sweep.data(), project_configs()).drawn.at(0), kWideWidth).script;
  };
  CHECK_THAT(script(), !Contains("full-precision"));

  train::RunRequest request = sweep.plan().jobs[0].run.request;
  request.method = "full";
  request.overrides.resize(1);
  sweep::Job full{train::resolve(project_configs(), request), {}, record::State::queued, {}, {}};
  full.folder = sweep.plan().runs / full.run.folder();
  sweep.write(full, history_of({{9, 5.25}}), record::State::completed);
  CHECK_THAT(script(), Contains("'full-precision 5.25'"));
}

TEST_CASE("model size is bits times weights", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, late]\n"
      "grid: {model.hidden: [\"[10]\", \"[20]\"]}\n");
  const auto left_out = line_charts(sweep.data(), project_configs()).left_out;
  CHECK_THAT(left_out.back().reason, Contains("differ in nothing else"));
  for (std::size_t i = 0; i < 4; ++i) sweep.complete(i, history_of({{9, 2}}));
  const Charts charts = line_charts(sweep.data(), project_configs());
  REQUIRE(charts.drawn.size() == 1);
  CHECK(charts.drawn[0].name == "size");
  const Drawing drawing = lay_out(charts.drawn[0], kWideWidth);
  const auto rows = rows_of(drawing.table);
  // 784 · 10 + 10 · 10 = 7940 weights of 32, and of 2 bits with a scale for each of two layers.
  CHECK(std::stod(rows.at(1).at(4)) == Approx(31760.0 / (1 << 20)).epsilon(1e-6));
  CHECK(std::stod(rows.at(3).at(4)) == Approx(1993.0 / (1 << 20)).epsilon(1e-6));
  CHECK_THAT(drawing.script, Contains("(MiB)") && Contains("set logscale x"));
}

TEST_CASE("step times are the middle of all steps and their tenths", "[charts]") {
  const Recorded sweep(kMethods);
  CHECK(time_charts(sweep.data()).left_out.size() == 1);
  std::vector<double> seconds;
  for (int i = 0; i <= 100; ++i) seconds.push_back(0.001 * ((i * 37) % 101));
  sweep.complete(0, with_steps(seconds));
  const Charts charts = time_charts(sweep.data());
  REQUIRE(charts.drawn.size() == 1);
  const Drawing drawing = lay_out(charts.drawn[0], kWideWidth);
  const auto row = rows_of(drawing.table).at(1);
  CHECK(std::vector(row.begin(), row.begin() + 8) ==
        std::vector<std::string>{"1", "1", "MNIST", "full-precision", "101", "50", "10", "90"});
  CHECK_THAT(drawing.script, Contains("'Time of a training step (ms)'"));
  CHECK_THAT(charts.drawn[0].caption,
             Contains("Without a completed run: LAB (not run), LATe (not run)"));
}

TEST_CASE("layers and solver are those that the record holds", "[charts]") {
  const Recorded sweep("title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, lat2a]\n");
  sweep.complete(0, history_of({{9, 2}}));
  sweep.complete(1, with_layer(true));
  const SweepData data = sweep.data();

  const Charts layers = layer_charts(data, LayerChoice::best);
  REQUIRE(layers.drawn.size() == 1);  // full precision has no quantized weights
  CHECK(layers.drawn[0].name == "layers-LAT2a");
  const auto rows = rows_of(lay_out(layers.drawn[0], kWideWidth).table);
  const auto row = [&](const std::string& title, const std::string& name, const std::string& x) {
    for (const auto& one : rows) {
      if (one[1] == title && one[3] == name && one[4] == x) return one[5];
    }
    return std::string("none");
  };
  CHECK(row("Scale α", "dense1.weight", "2") == "0.5");
  CHECK(row("Scale β", "dense1.weight", "2") == "1");
  CHECK(row("Zero weights (%)", "dense1.weight", "1") == "50");
  CHECK(row("Weights that flip (%)", "dense1.weight", "1") == "12.5");
  CHECK(row("Rounds of the solver", "dense1.weight", "1") == "3");
  CHECK(row("Gap to optimum (%)", "dense1.weight", "1") == "2");
  CHECK(row("Weights of dense1 (%)", "level", "-0.5") == "25");
  CHECK(row("Weights of dense1 (%)", "latent", "-0.6") == "10");

  const Charts solver = epoch_charts(data);
  std::map<std::string, const Chart*> named;
  for (const auto& chart : solver.drawn) named[chart.name] = &chart;
  REQUIRE(named.count("rounds") == 1);
  REQUIRE(named.count("gap") == 1);
  const auto gaps = rows_of(lay_out(*named["gap"], kWideWidth).table);
  CHECK((gaps.at(1).at(3) == "mean of the layers" && gaps.at(1).at(5) == "2"));
  CHECK(gaps.at(2).at(5) == "0");
  CHECK_THAT(lay_out(*named["rounds"], kWideWidth).script, Contains("'Rounds'"));
}

TEST_CASE("of each method one setting's layers are drawn, the best by validation", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist, fashion_mnist]\nmethods: [late, twn]\n"
      "grid: {train.learning_rate: [0.1, 0.2, 0.3]}\n");
  const std::vector<double> valid = {3, 1, 2};
  for (std::size_t i = 0; i < sweep.plan().jobs.size(); ++i) {
    record::History history = with_layer(true);
    history.final_values["valid_error"] = valid[i % 3];
    history.final_values["test_error"] = 9 - valid[i % 3];  // is not looked at
    sweep.complete(i, history);
  }
  const Charts best = layer_charts(sweep.data(), LayerChoice::best);
  REQUIRE(best.drawn.size() == 2);
  CHECK(best.drawn[0].title == "Layers of LATe, learning_rate 0.2, MNIST");
  CHECK(best.drawn[1].title == "Layers of TWN, learning_rate 0.2, MNIST");
  CHECK(best.left_out.at(0).title == "Layers of 10 other settings and data sets");
  CHECK(layer_charts(sweep.data(), LayerChoice::all).drawn.size() == 12);
  const Charts none = layer_charts(sweep.data(), LayerChoice::none);
  CHECK((none.drawn.empty() && none.left_out.size() == 1));
}

TEST_CASE("what older records lack is named, and drawn without it", "[charts]") {
  const Recorded sweep(
      "title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full, lat2a, bwn]\n");
  sweep.complete(1, with_layer(false));
  const SweepData data = sweep.data();
  const Charts layers = layer_charts(data, LayerChoice::best);
  REQUIRE(layers.drawn.size() == 1);
  CHECK_THAT(lay_out(layers.drawn[0], kWideWidth).script,
             Contains("'Scale α'") && !Contains("'Weights of"));
  REQUIRE(layers.left_out.size() == 1);
  CHECK_THAT(layers.left_out[0].reason, Contains("there is no checkpoint"));
  const Charts epochs = epoch_charts(data);
  CHECK(epochs.drawn.at(0).name == "learning");
  CHECK(epochs.drawn.back().name == "rounds");
  CHECK_THAT(epochs.left_out.back().reason, Contains("no record of a solver with a gap"));

  const Recorded unrun("title: T\nprofile: quick\nexperiments: [mnist]\nmethods: [full]\n");
  const Charts empty = layer_charts(unrun.data(), LayerChoice::best);
  CHECK(empty.drawn.empty());
  CHECK(empty.left_out.size() == 1);
}
