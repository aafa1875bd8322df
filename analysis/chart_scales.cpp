#include <fmt/format.h>

#include <algorithm>

#include "analysis/chart.hpp"
#include "analysis/layer_lines.hpp"

namespace laq::analysis {
namespace {

constexpr double kPercent = 100;

/// One number of a layer at an epoch: a panel of the figure.
struct Measure {
  std::string column;  ///< of the figure's table
  std::string title;   ///< of the panel
  std::string axis;
};

std::string table_of(const std::vector<const record::History*>& histories,
                     const std::vector<std::string>& layers, const std::vector<Measure>& measures,
                     std::size_t scales) {
  std::string table = "line\tlayer\tepoch";
  for (const auto& measure : measures) table += "\t" + measure.column;
  table += "\n";
  for (std::size_t l = 0; l < layers.size(); ++l) {
    for (std::size_t e = 0; e < shortest(histories); ++e) {
      table += fmt::format("{}\t{}\t{}", l + 1, layers[l], histories.front()->epochs.index[e]);
      for (std::size_t s = 0; s < scales; ++s)
        table += fmt::format("\t{:.6g}", layer_mean(histories, layers[l], "scales", e, s, scales));
      for (const char* column : {"zero_fraction", "flips"})
        table += fmt::format("\t{:.6g}", kPercent * layer_mean(histories, layers[l], column, e));
      table += "\n";
    }
  }
  return table;
}

Chart scales_chart(const SweepData& data, const Series& series) {
  const auto histories = series.histories();
  const auto layers = layers_of(*histories.front());
  const std::size_t epochs = shortest(histories);
  const std::size_t scales =
      static_cast<std::size_t>(series.job.run.quantizer.method->scale_count());
  Chart chart = series_chart(data, series, "scales", "Scales, zeros and flips by layer",
                             "Scales, zeros and flips over the epochs");
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

  chart.data = {{chart.name + ".tsv", table_of(histories, layers, measures, scales)}};
  const Panels grid = panels(measures.size(), measures.size(), 210);
  chart.width = grid.width;
  chart.height = std::max(grid.height, static_cast<int>(layers.size()) * 16 + 60);
  chart.script = fmt::format("set xrange [0:{}]\n", epochs + 1);
  if (epochs < 8) chart.script += "set xtics 1\n";
  chart.script += Panels{grid.count, grid.columns, grid.width, chart.height}.begin(kLegendWidth);
  chart.script += legend_commands();
  for (std::size_t i = 0; i < measures.size(); ++i) {
    chart.script +=
        fmt::format("set title {}\nset ylabel {}\nset xlabel 'Epoch'\nset yrange [0:*]\n",
                    script_text(measures[i].title), script_text(measures[i].axis));
    if (i > 0) chart.script += "unset key\n";
    chart.script += layer_lines(chart.data[0].first, layers, "", i + 4, epochs, i == 0);
  }
  chart.script += "unset multiplot\n";
  return chart;
}

}  // namespace

Charts scales_charts(const SweepData& data) {
  Charts all;
  for (const auto& series : data.series) {
    const auto histories = series.histories();
    if (!series.job.run.quantizer.method || histories.empty() || histories.front()->layers.empty())
      continue;
    all.drawn.push_back(scales_chart(data, series));
  }
  if (all.drawn.empty())
    all.left_out.push_back(
        {"Scales, zeros and flips over the epochs", "no record of a quantized run"});
  return all;
}

}  // namespace laq::analysis
