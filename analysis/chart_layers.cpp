#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/chart.hpp"

namespace laq::analysis {
namespace {

constexpr double kPercent = 100;
constexpr int kLegend = 150;  // pixels
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// One number of a layer at an epoch, out of the record's row.
struct Measure {
  std::string column;  ///< of the figure's table
  std::string title;   ///< of the panel
  std::string axis;
};

// Mean of every `step`-th number from `first` on, of row `epoch`.
double mean_of(const record::LayerColumn* column, std::size_t epoch, std::size_t first,
               std::size_t step) {
  if (!column || (epoch + 1) * column->width > column->values.size()) return kNone;
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = first; i < column->width; i += step, ++count)
    sum += column->values[epoch * column->width + i];
  return count > 0 ? sum / static_cast<double>(count) : kNone;
}

/// Mean over histories.
template <typename Value>
double over_runs(const std::vector<const record::History*>& histories, Value value) {
  double sum = 0;
  for (const auto* history : histories) sum += value(*history);
  return sum / static_cast<double>(histories.size());
}

std::size_t shortest(const std::vector<const record::History*>& histories) {
  std::size_t rows = histories.front()->epochs.rows();
  for (const auto* history : histories) rows = std::min(rows, history->epochs.rows());
  return rows;
}

std::string legend() {
  return "set key at screen 0.995, 0.9 right top Right vertical maxrows 40 samplen 3 spacing 1.1 "
         "font ',10'\n";
}

// One line for each layer; the first panel has the legend for all.
std::string lines(const std::string& file, const std::vector<std::string>& layers,
                  std::size_t column, std::size_t epochs, bool legend_here) {
  std::string text = "plot ";
  for (std::size_t l = 0; l < layers.size(); ++l) {
    text += fmt::format(
        "{} skip 1 using ($1=={} ? $3 : NaN):{} with linespoints lt {} lw 1.1 pi {} {}{}",
        script_text(file), l + 1, column, l + 1, epochs / 10 + 1,
        legend_here ? "title " + script_text(layer_word(layers[l])) : std::string("notitle"),
        l + 1 < layers.size() ? ", \\\n  " : "\n");
  }
  return text;
}

std::vector<std::string> layers_of(const record::History& history) {
  std::vector<std::string> names;
  for (const auto& layer : history.layers) names.push_back(layer.first);
  return names;
}

Chart scales_chart(const SweepData& data, const Series& series) {
  const auto histories = series.histories();
  const auto layers = layers_of(*histories.front());
  const std::size_t epochs = shortest(histories);
  const std::size_t scales = static_cast<std::size_t>(series.job.run.quantizer.rule->scale_count());
  Chart chart;
  chart.name = chart_name(data, "scales", series.experiment) + "-" + file_word(series.label);
  chart.kind = "Scales, zeros and flips by layer";
  chart.title = fmt::format("Scales, zeros and flips over the epochs, {}{}", series.label,
                            experiment_suffix(data, series.experiment));
  chart.caption = fmt::format(
      "{}. Scale α{}: mean over the groups that have one of their own. Flips: weights whose level "
      "is "
      "not that of the epoch before. {}",
      chart.title, scales > 1 ? " of the positive and β of the negative weights" : "",
      series.completed() > 0 ? fmt::format("Mean over {} completed run{}.", histories.size(),
                                           histories.size() > 1 ? "s" : "")
                             : "No run is completed; this is what is recorded so far.");
  std::vector<Measure> measures = {{"alpha", "Scale α", "α (no unit)"}};
  if (scales > 1) measures.push_back({"beta", "Scale β", "β (no unit)"});
  measures.push_back({"zero_percent", "Zeros", "Zero weights (%)"});
  measures.push_back({"flips_percent", "Flips", "Weights that flip (%)"});

  std::string table = "line\tlayer\tepoch";
  for (const auto& measure : measures) table += "\t" + measure.column;
  table += "\n";
  for (std::size_t l = 0; l < layers.size(); ++l) {
    for (std::size_t e = 0; e < epochs; ++e) {
      table += fmt::format("{}\t{}\t{}", l + 1, layers[l], histories.front()->epochs.index[e]);
      for (std::size_t s = 0; s < scales; ++s) {
        table += fmt::format("\t{:.6g}", over_runs(histories, [&](const record::History& history) {
                               return mean_of(history.find(layers[l], "scales"), e, s, scales);
                             }));
      }
      for (const char* column : {"zero_fraction", "flips"}) {
        table += fmt::format("\t{:.6g}", over_runs(histories, [&](const record::History& history) {
                               return kPercent * mean_of(history.find(layers[l], column), e, 0, 1);
                             }));
      }
      table += "\n";
    }
  }
  chart.data = {{chart.name + ".tsv", table}};
  chart.series = {series.first_job};
  const Panels grid = panels(measures.size(), measures.size(), 210);
  chart.width = grid.width;
  chart.height = std::max(grid.height, static_cast<int>(layers.size()) * 16 + 60);
  chart.script = fmt::format("set xrange [0:{}]\n", epochs + 1);
  if (epochs < 8) chart.script += "set xtics 1\n";
  chart.script += Panels{grid.count, grid.columns, grid.width, chart.height}.begin(kLegend);
  chart.script += legend();
  for (std::size_t i = 0; i < measures.size(); ++i) {
    chart.script +=
        fmt::format("set title {}\nset ylabel {}\nset xlabel 'Epoch'\nset yrange [0:*]\n",
                    script_text(measures[i].title), script_text(measures[i].axis));
    if (i > 0) chart.script += "unset key\n";
    chart.script += lines(chart.data[0].first, layers, i + 4, epochs, i == 0);
  }
  chart.script += "unset multiplot\n";
  return chart;
}

constexpr double kSmallestGap = 1e-4;  // percent; what is less is drawn there

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
      const auto value = [&](const char* column) {
        return over_runs(histories, [&](const record::History& history) {
          return mean_of(history.find(layers[l], column), e, 0, 1);
        });
      };
      const double gap = kPercent * value("gap");
      text +=
          fmt::format("{}\t{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\t{}\t{}\n", l + 1, layers[l],
                      histories.front()->epochs.index[e], value("rounds"), gap,
                      std::isfinite(gap) ? std::max(gap, kSmallestGap) : kNone, row, series.label);
    }
  }
  return text;
}

Chart solver_chart(const SweepData& data, const std::string& experiment,
                   const std::vector<const Series*>& shown) {
  const auto layers = layers_of(*shown.front()->histories().front());
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
  chart.script += grid.begin(kLegend) + legend();
  for (std::size_t i = 0; i < grid.count; ++i) {
    const Series& series = *shown[i / columns];
    const bool gap = i % columns == 1;
    chart.script += fmt::format(
        "set title {}\nset ylabel {}\nset xlabel {}\n{}", script_text(series.honest_label()),
        gap ? "'Gap to optimum (%)'" : "'Rounds'", grid.lowest(i) ? "'Epoch'" : "''",
        gap ? fmt::format("set logscale y\nset yrange [{:g}:*]\nset format y "
                          "'%g'\n",
                          kSmallestGap / 2)
            : "unset logscale y\nset yrange [0:10.5]\n");
    if (i > 0) chart.script += "unset key\n";
    // Only the rows of this method.
    std::string plot = lines(chart.data[0].first, layers, gap ? 6 : 4, epochs, i == 0);
    std::string one = "$1==", both = fmt::format("$7=={} && $1==", i / columns + 1);
    for (std::size_t at = 0; (at = plot.find(one, at)) != std::string::npos; at += both.size())
      plot.replace(at, one.size(), both);
    chart.script += plot;
  }
  chart.script += "unset multiplot\n";
  return chart;
}

}  // namespace

Charts scales_charts(const SweepData& data) {
  Charts all;
  for (const auto& series : data.series) {
    const auto histories = series.histories();
    if (!series.job.run.quantizer.rule || histories.empty() || histories.front()->layers.empty())
      continue;
    all.drawn.push_back(scales_chart(data, series));
  }
  if (all.drawn.empty())
    all.left_out.push_back(
        {"Scales, zeros and flips over the epochs", "no record of a quantized run"});
  return all;
}

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
