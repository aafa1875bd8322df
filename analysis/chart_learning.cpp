#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <set>

#include "analysis/chart.hpp"
#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr std::size_t kPanelTitle = 34;  // characters that fit above one of four panels

/// Two curves that a panel shows: the thicker first.
struct Pair {
  const char *name, *main, *other;  ///< of the figure, columns
  std::string main_title, other_title, axis, kind;
};

struct Column {
  const char* name;
  std::vector<std::pair<double, double>> values;
};

const std::vector<const char*> kColumns = {"train_loss", "valid_loss", "test_loss", "valid_error",
                                           "test_error"};

std::string head() {
  std::string line = "panel\tmethod\truns\tcompleted\tepoch";
  for (const char* column : kColumns) line += fmt::format("\t{}", column);
  return line + "\n";
}

std::string rows_of(const Series& series, std::size_t panel) {
  const auto histories = series.histories();
  std::vector<std::vector<std::pair<double, double>>> columns;
  std::size_t rows = 0;
  for (const char* column : kColumns) {
    columns.push_back(mean_column(histories, column));
    rows = std::max(rows, columns.back().size());
  }
  std::string text;
  for (std::size_t i = 0; i < rows; ++i) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}", panel, table_field(series.label), histories.size(),
                        series.completed() > 0 ? "yes" : "no", histories.front()->epochs.index[i]);
    for (const auto& column : columns)
      text += i < column.size() ? fmt::format("\t{:.6g}", column[i].second) : "\tnan";
    text += "\n";
  }
  return text;
}

std::size_t column_number(const char* name) {
  const auto at = std::find_if(kColumns.begin(), kColumns.end(), [&](const char* one) {
    return std::string_view(one) == std::string_view(name);
  });
  return static_cast<std::size_t>(at - kColumns.begin()) + 6;
}

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  std::size_t epochs = 1;
};

Extent extent_of(const std::vector<const Series*>& shown, const Pair& pair) {
  Extent extent;
  for (const auto* series : shown) {
    for (const char* name : {pair.main, pair.other}) {
      const auto values = mean_column(series->histories(), name);
      extent.epochs = std::max(extent.epochs, values.size());
      for (const auto& [epoch, value] : values) {
        if (!std::isfinite(value)) continue;
        extent.low = std::min(extent.low, value);
        extent.high = std::max(extent.high, value);
      }
    }
  }
  return extent;
}

std::string plot_panel(const Pair& pair, std::size_t panel, std::size_t count, std::size_t markers,
                       bool legend) {
  const auto curve = [&](const std::string& which, const char* column, const std::string& style) {
    return fmt::format("data skip 1 using ($1=={} ? $5 : NaN):{} with {}", which,
                       column_number(column), style);
  };
  const auto title = [&](const std::string& text) {
    return legend ? " title " + script_text(text) : std::string(" notitle");
  };
  std::string text = fmt::format("plot for [i=1:{}] {} notitle, \\\n", count,
                                 curve("i", pair.main, "lines dt 1 lw 0.8 lc rgb '#c8c8c8'"));
  text += "  " +
          curve(std::to_string(panel), pair.other,
                fmt::format("linespoints dt (6, 3) pt 6 lw 1.2 lc rgb '#0072b2' pi {}", markers)) +
          title(pair.other_title) + ", \\\n";
  text += "  " +
          curve(std::to_string(panel), pair.main,
                fmt::format("linespoints dt 1 pt 7 lw 1.6 lc rgb '#000000' pi {}", markers)) +
          title(pair.main_title) + "\n";
  return text;
}

Chart chart_of(const SweepData& data, const std::string& experiment, const Pair& pair,
               const std::vector<const Series*>& shown) {
  Chart chart;
  chart.name = chart_name(data, pair.name, experiment);
  chart.kind = pair.kind;
  chart.title = fmt::format("{} over the epochs{}", pair.axis, experiment_suffix(data, experiment));
  chart.caption = fmt::format(
      "{} Filled circles, solid: {}; open circles, dashed: {}; grey: the {} of the other panels. "
      "Curves are means over the completed seeds; a panel without a completed run says so.",
      chart.title + ".", pair.main_title, pair.other_title, pair.main_title);
  std::string table = head();
  for (std::size_t i = 0; i < shown.size(); ++i) {
    table += rows_of(*shown[i], i + 1);
    chart.series.push_back(shown[i]->first_job);
  }
  chart.data = {{chart.name + ".tsv", table}};

  const bool wide = std::any_of(shown.begin(), shown.end(), [](const Series* series) {
    return display_width(series->honest_label()) > kPanelTitle;
  });
  const Panels grid = panels(shown.size(), wide ? 2 : shown.size() > 9 ? 4 : 3, 160);
  const Extent extent = extent_of(shown, pair);
  chart.width = grid.width;
  chart.height = grid.height;
  chart.script = fmt::format("data = {}\n", script_text(chart.data[0].first));
  const bool logarithmic = extent.low > 0 && extent.high / extent.low > kWideRange;
  if (logarithmic) chart.script += "set logscale y\n";
  chart.script += fmt::format("set xrange [0:{}]\n", extent.epochs + 1);
  if (extent.epochs < 8) chart.script += "set xtics 1\n";
  chart.script += grid.begin(14, 56);
  chart.script += "set key at screen 0.5, 0.995 center top vertical maxrows 1 samplen 3\n";
  // All panels have one range: that of the data, with a margin.
  const double margin = 0.05 * (extent.high - extent.low);
  if (extent.high > extent.low) {
    chart.script += logarithmic ? fmt::format("set yrange [{:.6g}:{:.6g}]\n", extent.low / 1.1,
                                              extent.high * 1.1)
                                : fmt::format("set yrange [{:.6g}:{:.6g}]\n", extent.low - margin,
                                              extent.high + margin);
  }
  for (std::size_t i = 0; i < shown.size(); ++i) {
    chart.script += fmt::format("set title {}\n", script_text(shown[i]->honest_label()));
    chart.script +=
        fmt::format("set ylabel {}\n", grid.leftmost(i) ? script_text(pair.axis) : "''");
    chart.script += fmt::format("set xlabel {}\n", grid.lowest(i) ? "'Epoch'" : "''");
    if (i > 0) chart.script += "unset key\n";
    chart.script += plot_panel(pair, i + 1, shown.size(), marker_distance(extent.epochs), i == 0);
  }
  chart.script += "unset multiplot\n";
  return chart;
}

std::string capital(std::string word) {
  word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
  return word;
}

// The loss that was trained, with its unit; several where the runs differ.
std::string trained_losses(const std::vector<const Series*>& shown) {
  std::set<std::string> all;
  for (const auto* series : shown) {
    const train::Run& run = series->job.run;
    all.insert(metric_of(run) == Metric::test_loss            ? train::facts(Metric::test_loss).unit
               : run.train.loss == train::Loss::cross_entropy ? "cross-entropy, nats"
                                                              : "squared hinge");
  }
  return join({all.begin(), all.end()}, " or ");
}

}  // namespace

Charts learning_charts(const SweepData& data) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    std::vector<const Series*> shown;
    for (const auto* series : data.of(experiment)) {
      if (!series->histories().empty()) shown.push_back(series);
    }
    if (shown.empty()) {
      all.left_out.push_back({"Learning curves" + experiment_suffix(data, experiment),
                              "no run has recorded an epoch"});
      continue;
    }
    const train::MetricFacts& judged = train::facts(data.metric(experiment));
    const std::string word = judged.word;
    const Pair metric = {"learning",           judged.test,
                         judged.valid,         "test " + word,
                         "validation " + word, fmt::format("{} ({})", capital(word), judged.unit),
                         "Learning curves"};
    const Pair losses = {"loss",
                         "train_loss",
                         "valid_loss",
                         "training loss",
                         "validation loss",
                         fmt::format("Loss ({})", trained_losses(shown)),
                         "Training and validation loss"};
    for (const auto& pair : {metric, losses}) {
      const bool there = std::any_of(shown.begin(), shown.end(), [&](const Series* series) {
        return !mean_column(series->histories(), pair.main).empty();
      });
      if (there) {
        all.drawn.push_back(chart_of(data, experiment, pair, shown));
      } else {
        all.left_out.push_back({pair.kind + experiment_suffix(data, experiment),
                                std::string("no record has ") + pair.main});
      }
    }
  }
  return all;
}

}  // namespace laq::analysis
