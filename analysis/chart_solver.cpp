#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/chart.hpp"
#include "analysis/layer_lines.hpp"

namespace laq::analysis {
namespace {

constexpr double kPercent = 100;
constexpr double kSmallestGap = 1e-4;  // percent; what is less is drawn there

constexpr int kTitleHeight = 34, kWideTics = 66;  // pixels

bool has_gap(const Series& series) {
  const auto histories = series.histories();
  return !histories.empty() && !histories.front()->layers.empty() &&
         histories.front()->find(histories.front()->layers.front().first, "gap");
}

bool alternates(const Series& series) {
  const auto& canonical = series.job.run.canonical;
  const auto quantizer = canonical.find("quantizer");
  return quantizer != canonical.end() && quantizer->value("solver", "") == "alternating" &&
         !series.histories().empty() && !series.histories().front()->layers.empty();
}

std::string solver_rows(const Series& series, std::size_t row,
                        const std::vector<std::string>& layers) {
  const auto histories = series.histories();
  std::string text;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    for (std::size_t e = 0; e < shortest(histories); ++e) {
      const double gap = kPercent * layer_mean(histories, layers[l], "gap", e);
      text += fmt::format("{}\t{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\t{}\t{}\n", l + 1, layers[l],
                          histories.front()->epochs.index[e],
                          layer_mean(histories, layers[l], "rounds", e), gap,
                          std::isfinite(gap) ? std::max(gap, kSmallestGap)
                                             : std::numeric_limits<double>::quiet_NaN(),
                          row, table_field(series.label));
    }
  }
  return text;
}

Chart solver_chart(const SweepData& data, const std::string& experiment,
                   const std::vector<const Series*>& shown) {
  std::vector<std::string> layers;  // of the deepest network
  for (const auto* series : shown) {
    const auto own = layers_of(*series->histories().front());
    if (own.size() > layers.size()) layers = own;
  }
  const bool gaps = std::any_of(shown.begin(), shown.end(),
                                [](const Series* series) { return has_gap(*series); });
  Chart chart;
  chart.name = chart_name(data, "solver", experiment);
  chart.kind = "Solvers: rounds and gap to the optimum";
  chart.title =
      fmt::format("Rounds of the alternating solver{}{}",
                  gaps ? " and gap to the exact optimum" : "", experiment_suffix(data, experiment));
  chart.caption =
      chart.title + ". Rounds of the last step of each epoch, mean over groups. " +
      (gaps
           ? fmt::format("Gap: how far Σ d(w − ŵ)² is above its global minimum for the same w and "
                         "d (in percent of the minimum; what is less than {:g} % is drawn there).",
                         kSmallestGap)
           : std::string("The gap to the optimum is not in these records: they were written before "
                         "it was kept."));
  std::string table = "line\tlayer\tepoch\trounds\tgap_percent\tgap_percent_shown\trow\tmethod\n";
  std::size_t epochs = 1;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    table += solver_rows(*shown[i], i + 1, layers);
    epochs = std::max(epochs, shortest(shown[i]->histories()));
    chart.series.push_back(shown[i]->first_job);
  }
  chart.data = {{chart.name + ".tsv", table}};
  const std::size_t columns = gaps ? 2 : 1;
  Panels grid = panels(shown.size() * columns, columns, 190);
  grid.width = 780;
  grid.height = std::max(grid.height, static_cast<int>(layers.size()) * 16 + 60);
  chart.width = grid.width;
  chart.height = grid.height;
  chart.script =
      fmt::format("set xrange [0:{}]\n{}", epochs + 1, epochs < 8 ? "set xtics 1\n" : "");
  chart.script += grid.begin(kLegendWidth, kTitleHeight, kWideTics) + legend_commands();
  bool legend = true;  // in the first panel that is drawn
  for (std::size_t i = 0; i < grid.count; ++i) {
    const Series& series = *shown[i / columns];
    const bool gap = i % columns == 1;
    if (gap ? !has_gap(series) : !alternates(series)) {
      chart.script += "set multiplot next\n";
      continue;
    }
    chart.script += fmt::format(
        "set title {}\nset ylabel {}\nset xlabel {}\n{}", script_text(series.honest_label()),
        gap ? "'Gap to optimum (%)'" : "'Rounds'", grid.lowest(i) ? "'Epoch'" : "''",
        gap ? fmt::format("set logscale y\nset yrange [{:g}:*]\nset format y "
                          "'%g'\n",
                          kSmallestGap / 2)
            : "unset logscale y\nset yrange [0:10.5]\n");
    if (!legend) chart.script += "unset key\n";
    chart.script += layer_lines(chart.data[0].first, layers, fmt::format("$7=={}", i / columns + 1),
                                gap ? 6 : 4, epochs, legend);
    legend = false;
  }
  chart.script += "unset multiplot\n";
  return chart;
}

}  // namespace

Charts solver_charts(const SweepData& data) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    std::vector<const Series*> shown;
    for (const auto* series : data.of(experiment)) {
      if (alternates(*series) || has_gap(*series)) shown.push_back(series);
    }
    if (shown.empty()) {
      all.left_out.push_back(
          {"Solvers: rounds and gap to the optimum" + experiment_suffix(data, experiment),
           "no record of a run with an alternating or heuristic solver"});
    } else {
      all.drawn.push_back(solver_chart(data, experiment, shown));
    }
  }
  return all;
}

}  // namespace laq::analysis
