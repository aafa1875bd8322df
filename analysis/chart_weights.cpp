#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/chart.hpp"
#include "analysis/layer_weights.hpp"

namespace laq::analysis {
namespace {

constexpr double kPercent = 100;

struct Source {
  std::vector<LayerWeights> layers;
  const RunData* run = nullptr;
  bool checkpoint = false;
};

// Of the first seed that has them; those of a completed run first.
Source source_of(const SweepData& data, const Series& series) {
  for (const bool completed : {true, false}) {
    for (const auto& run : series.runs) {
      if (!run.record || run.completed() != completed) continue;
      auto recorded = recorded_weights(run.record->history);
      if (!recorded.empty()) return {std::move(recorded), &run, false};
      const sweep::Job& job = data.plan->jobs[run.job];
      auto kept = checkpoint_weights(job.folder / "checkpoint.h5", job.run.identity());
      if (!kept.empty()) return {std::move(kept), &run, true};
    }
  }
  return {};
}

std::string latent_table(const std::vector<LayerWeights>& layers) {
  std::string text = "panel\tlayer\tlow\thigh\tshare_percent\tshare_of_highest_bin\n";
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerWeights& layer = layers[l];
    const double width = 2 * layer.largest / static_cast<double>(layer.latent.size());
    const double most = *std::max_element(layer.latent.begin(), layer.latent.end());
    for (std::size_t i = 0; i < layer.latent.size(); ++i) {
      const double low = -layer.largest + width * static_cast<double>(i);
      text += fmt::format("{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\n", l + 1, layer.layer, low,
                          low + width, kPercent * layer.latent[i],
                          most > 0 ? layer.latent[i] / most : 0);
    }
  }
  return text;
}

std::string levels_table(const std::vector<LayerWeights>& layers) {
  std::string text = "panel\tlayer\tlevel\tvalue\tshare_percent\n";
  for (std::size_t l = 0; l < layers.size(); ++l) {
    for (std::size_t j = 0; j < layers[l].values.size(); ++j) {
      text += fmt::format("{}\t{}\t{}\t{:.6g}\t{:.6g}\n", l + 1, layers[l].layer, j + 1,
                          layers[l].values[j], kPercent * layers[l].shares[j]);
    }
  }
  return text;
}

double reach(const LayerWeights& layer) {
  double most = layer.largest;
  for (const double value : layer.values)
    most = std::isfinite(value) ? std::max(most, std::abs(value)) : most;
  return most > 0 ? 1.08 * most : 1;
}

std::string panel(const LayerWeights& layer, std::size_t number, const Panels& grid) {
  const double most = kPercent * *std::max_element(layer.shares.begin(), layer.shares.end()) * 1.08;
  std::string text = fmt::format(
      "set title {}\nset ylabel {}\nset xlabel {}\nset xrange [{:.5g}:{:.5g}]\nset yrange "
      "[0:{:.5g}]\nset y2range [0:1.08]\n",
      script_text(layer_word(layer.layer)),
      grid.leftmost(number) ? "'Weights at a level (%)'" : "''",
      grid.lowest(number) ? "'Weight (no unit)'" : "''", -reach(layer), reach(layer), most);
  return text + fmt::format(
                    "plot latent skip 1 using ($1=={0} ? ($3+$4)/2 : NaN):6:($4-$3) axes x1y2 with "
                    "boxes fs solid 1 noborder lc rgb '#cfcfcf', \\\n"
                    "  levels skip 1 using ($1=={0} ? $4 : NaN):5 with impulses dt 1 lw 1.8 lc rgb "
                    "'#000000', \\\n"
                    "  levels skip 1 using ($1=={0} ? $4 : NaN):5 with points pt 7 ps 0.6 lc rgb "
                    "'#000000'\n",
                    number + 1);
}

Chart chart_of(const SweepData& data, const Series& series, const Source& source) {
  Chart chart = series_chart(data, series, "weights", "Weights by layer",
                             "Latent and quantized weights of each layer");
  chart.caption = fmt::format(
      "{}. Sticks: share of the quantized weights at each level (where groups have scales of their "
      "own, at the mean of the level's values). Grey: the latent weights' histogram, scaled to the "
      "panel. {} seed {}, {}after epoch {}.",
      chart.title, source.checkpoint ? "From the checkpoint of" : "From the record of",
      source.run->record->provenance.seed,
      source.run->completed() ? "" : "which is not completed, ",
      source.run->record->history.epochs.index.empty()
          ? 0
          : source.run->record->history.epochs.index.back());
  chart.data = {{chart.name + ".latent.tsv", latent_table(source.layers)},
                {chart.name + ".levels.tsv", levels_table(source.layers)}};
  const Panels grid = panels(source.layers.size(), source.layers.size() > 4 ? 3 : 2, 150);
  chart.width = grid.width;
  chart.height = grid.height;
  chart.script = fmt::format("latent = {}\nlevels = {}\n", script_text(chart.data[0].first),
                             script_text(chart.data[1].first));
  chart.script += grid.begin();
  for (std::size_t i = 0; i < source.layers.size(); ++i)
    chart.script += panel(source.layers[i], i, grid);
  chart.script += "unset multiplot\n";
  return chart;
}

}  // namespace

Charts weights_charts(const SweepData& data) {
  Charts all;
  for (const auto& series : data.series) {
    if (!series.job.run.quantizer.method) continue;
    const Source source = source_of(data, series);
    if (source.run) {
      all.drawn.push_back(chart_of(data, series, source));
    } else if (!series.histories().empty()) {
      all.left_out.push_back(
          {fmt::format("Latent and quantized weights, {}{}", series.label,
                       experiment_suffix(data, series.experiment)),
           "the record was written before distributions were kept, and there is no checkpoint"});
    }
  }
  if (all.drawn.empty() && all.left_out.empty())
    all.left_out.push_back({"Latent and quantized weights", "no record of a quantized run"});
  return all;
}

}  // namespace laq::analysis
