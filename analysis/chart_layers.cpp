#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/chart_facets.hpp"
#include "analysis/selection.hpp"
#include "analysis/statistics.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "optim/layer_report.hpp"
#include "record/checkpoint.hpp"

namespace laq::analysis {
namespace {

constexpr double kPercent = 100;

/// The weights of one quantized layer at the end of a run.
struct LayerWeights {
  std::string layer;
  double largest = 0;          ///< max|w|
  std::vector<double> latent;  ///< share of w in equal bins over [−largest, largest]
  std::vector<double> values;  ///< ŵ at each code; NaN where it is not known
  std::vector<double> shares;  ///< share of the weights at each code
};

/// The weights of a run's layers.
struct Source {
  std::vector<LayerWeights> layers;
  const RunData* run = nullptr;
  bool checkpoint = false;
};

std::vector<double> last_row(const record::History& history, const std::string& layer,
                             const std::string& name) {
  const auto* column = history.find(layer, name);
  if (!column || column->values.size() < column->width) return {};
  return {column->values.end() - static_cast<std::ptrdiff_t>(column->width), column->values.end()};
}

// From the last epoch of a record. Layers whose distribution was not recorded are left out.
std::vector<LayerWeights> recorded_weights(const record::History& history) {
  std::vector<LayerWeights> all;
  for (const auto& [name, columns] : history.layers) {
    LayerWeights weights{name, 0, last_row(history, name, "latent_histogram"),
                         last_row(history, name, "level_values"),
                         last_row(history, name, "level_histogram")};
    const auto largest = last_row(history, name, "latent_largest");
    const bool whole = !largest.empty() && !weights.latent.empty() && !weights.values.empty() &&
                       weights.values.size() == weights.shares.size();
    if (!whole) continue;
    weights.largest = largest.front();
    all.push_back(std::move(weights));
  }
  return all;
}

// ŵ by the level that the optimizer noted for each weight; groups with other scales are averaged.
void set_levels(const std::vector<float>& quantized, const std::vector<std::uint8_t>& index,
                LayerWeights& weights) {
  const std::size_t levels = std::size_t{1} + *std::max_element(index.begin(), index.end());
  std::vector<double> sums(levels), counts(levels);
  for (std::size_t i = 0; i < quantized.size(); ++i) {
    sums[index[i]] += static_cast<double>(quantized[i]);
    ++counts[index[i]];
  }
  for (std::size_t j = 0; j < levels; ++j) {
    weights.values.push_back(counts[j] > 0 ? sums[j] / counts[j] : kUnknown);
    weights.shares.push_back(counts[j] / static_cast<double>(quantized.size()));
  }
}

// For runs that were made before the record had them. Empty when there is no checkpoint, it cannot
// be read or is of another run.
std::vector<LayerWeights> checkpoint_weights(const std::filesystem::path& file,
                                             const record::RunIdentity& run) {
  std::vector<LayerWeights> all;
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return all;
  try {
    const record::CheckpointReader checkpoint(file);
    record::require_run(file, record::identity_of(checkpoint.state()), run);
    const std::string prefix = "optimizer:", suffix = ":latent";
    for (const auto& blob : checkpoint.blobs()) {
      if (!blob.starts_with(prefix) || !blob.ends_with(suffix)) continue;
      LayerWeights weights;
      weights.layer = blob.substr(prefix.size(), blob.size() - prefix.size() - suffix.size());
      const auto latent = checkpoint.read<float>(blob);
      weights.largest = optim::largest_magnitude(latent);
      weights.latent = optim::histogram(latent, weights.largest);
      for (double& bin : weights.latent) bin /= static_cast<double>(latent.size());
      set_levels(checkpoint.read<float>("model:" + weights.layer),
                 checkpoint.read<std::uint8_t>(prefix + weights.layer + ":level_index"), weights);
      all.push_back(std::move(weights));
    }
  } catch (const Error&) {
    return {};
  }
  return all;
}

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

// "lstm.weight_ih_l0", "conv1".
std::string layer_word(const std::string& layer) {
  const std::string end = ".weight";
  return layer.ends_with(end) ? layer.substr(0, layer.size() - end.size()) : layer;
}

/// One number of a layer at an epoch: a panel of the figure, with a line for each layer.
struct Measure {
  std::string title, column;
  double factor;
  std::size_t first = 0, step = 1;
};

std::vector<Measure> measures_of(const Series& series) {
  const train::Run& run = series.job.run;
  const auto scales = static_cast<std::size_t>(run.quantizer.method->scale_count());
  std::vector<Measure> all;
  for (std::size_t s = 0; s < scales; ++s) {
    // Two are those of the signs, more are a basis.
    const std::string name = scales > 2 ? std::to_string(s + 1) : s == 0 ? "α" : "β";
    all.push_back({"Scale " + name, "scales", 1, s, scales});
  }
  all.push_back({"Zero weights (%)", "zero_fraction", kPercent});
  all.push_back({"Weights that flip (%)", "flips", kPercent});
  if (alternates(run)) all.push_back({"Rounds of the solver", "rounds", 1});
  all.push_back({"Gap to optimum (%)", "gap", kPercent});
  return all;
}

// Without a curve where no layer has the column.
Panel epochs_panel(const std::vector<const record::History*>& histories, const Measure& measure) {
  Panel panel{.title = measure.title};
  double highest = 0;
  Look look = 0;
  for (const auto& [layer, columns] : histories.front()->layers) {
    Curve curve{.name = layer, .label = layer_word(layer), .look = look++ % 10 + 1};
    curve.points = epoch_means(
        histories, [&, &name = layer](const record::History& history, std::size_t epoch) {
          return measure.factor *
                 layer_value(history, name, measure.column, epoch, measure.first, measure.step);
        });
    if (curve.points.empty()) continue;
    for (auto& point : curve.points) {
      point.sd = kUnknown;
      if (std::isfinite(point.y)) highest = std::max(highest, point.y);
    }
    panel.x = {.label = "Epoch", .low = 0, .high = curve.points.back().x + 0.5, .whole = true};
    panel.curves.push_back(std::move(curve));
  }
  panel.y = {.low = 0, .high = highest > 0 ? 1.06 * highest : 1};
  return panel;
}

Panel weights_panel(const LayerWeights& layer) {
  Panel panel{.title = "Weights of " + layer_word(layer.layer) + " (%)"};
  const double most_share = kPercent * *std::max_element(layer.shares.begin(), layer.shares.end());
  const double most_latent = kPercent * *std::max_element(layer.latent.begin(), layer.latent.end());
  const double width = 2 * layer.largest / static_cast<double>(layer.latent.size());
  Curve levels{.name = "level", .look = kMain, .mark = Curve::Mark::sticks};
  Curve latent{.name = "latent",
               .label = "",
               .look = kBars,
               .mark = Curve::Mark::bars,
               .bar_width = width,
               .factor = most_latent > 0 ? most_share / most_latent : 1};
  double reach = layer.largest;
  for (std::size_t j = 0; j < layer.values.size(); ++j) {
    levels.points.push_back({layer.values[j], kPercent * layer.shares[j], kUnknown, 1});
    if (std::isfinite(layer.values[j])) reach = std::max(reach, std::abs(layer.values[j]));
  }
  for (std::size_t i = 0; i < layer.latent.size(); ++i)
    latent.points.push_back({-layer.largest + width * (static_cast<double>(i) + 0.5),
                             kPercent * layer.latent[i], kUnknown, 1});
  reach = reach > 0 ? 1.08 * reach : 1;
  panel.x = {.label = "Weight", .low = -reach, .high = reach};
  panel.y = {.low = 0, .high = std::max(1.08 * most_share, 1e-3)};
  panel.curves = {std::move(levels), std::move(latent)};
  return panel;
}

Charts charts_of(const SweepData& data, const Series& series, bool whole) {
  Charts all;
  const auto histories = series.histories();
  std::vector<Panel> panels;
  for (const auto& measure : measures_of(series)) {
    Panel panel = epochs_panel(histories, measure);
    if (!panel.curves.empty()) panels.push_back(std::move(panel));
  }
  const Source source = source_of(data, series);
  for (const auto& layer : source.layers) panels.push_back(weights_panel(layer));
  const std::string whose = series.label + ", " + data.title_of(series.experiment);
  std::string caption = series.completed() > 0
                            ? fmt::format(". Over the epochs: mean over {}.",
                                          counted(histories.size(), "completed run"))
                            : ". No run is completed; this is what is recorded so far.";
  caption +=
      " Scales: mean over the groups that have one of their own. Flips: weights whose level is not "
      "that of the epoch before.";
  std::vector<Key> keys;
  if (source.run) {
    const record::RunRecord& record = *source.run->record;
    const auto& epochs = record.history.epochs.index;
    keys = {{kMain, "quantized weights"}, {kBars, "latent weights"}};
    caption += fmt::format(
        " Sticks: share of the quantized weights at each level; grey: histogram of the latent "
        "weights, scaled to the panel ({} of seed {}, epoch {}).",
        source.checkpoint ? "checkpoint" : "record", record.provenance.seed,
        epochs.empty() ? 0 : epochs.back());
  } else {
    all.left_out.push_back({"Weights by layer, " + whose,
                            "the record has no distributions (a slim one, or of a first version), "
                            "and there is no checkpoint"});
  }
  if (!whole && panels.size() > kMostPanels) {
    caption += fmt::format(" The other {} layers: --layers all.", panels.size() - kMostPanels);
    panels.resize(kMostPanels);
  }
  const std::size_t figures = (panels.size() + kMostPanels - 1) / kMostPanels;
  for (std::size_t i = 0; i < panels.size(); ++i) {
    if (i % kMostPanels == 0) {
      Chart& chart = all.drawn.emplace_back(Chart{.name = chart_name(data, "layers", series),
                                                  .kind = "Layers",
                                                  .title = "Layers of " + whose,
                                                  .body = Panels{.shared = false, .keys = keys},
                                                  .series = {series.first_job},
                                                  .detail = true});
      set_number(chart, all.drawn.size(), figures);
      chart.caption = chart.title + caption;
    }
    std::get<Panels>(all.drawn.back().body).panels.push_back(std::move(panels[i]));
  }
  return all;
}

bool has_layers(const Series& series) {
  const auto histories = series.histories();
  return series.job.run.quantizer.method && !histories.empty() &&
         !histories.front()->layers.empty();
}

// Of each method the best setting, on the first data set with a completed run.
std::vector<const Series*> best_of_methods(const SweepData& data) {
  std::vector<const Series*> best;
  for (const auto* one : chosen_series(data.series)) {
    if (!has_layers(*one)) continue;
    const auto known = std::ranges::find_if(
        best, [&](const Series* other) { return other->method == one->method; });
    if (known == best.end()) {
      best.push_back(one);
    } else if ((*known)->completed() == 0 && one->completed() > 0) {
      *known = one;
    }
  }
  return best;
}

}  // namespace

Charts layer_charts(const SweepData& data, LayerChoice layers) {
  Charts all;
  std::vector<const Series*> with_layers;
  for (const auto& series : data.series) {
    if (has_layers(series)) with_layers.push_back(&series);
  }
  const auto drawn = layers == LayerChoice::best ? best_of_methods(data) : with_layers;
  const std::size_t others = with_layers.size() - drawn.size();
  if (drawn.empty()) {
    all.left_out.push_back({"Layers", "no record of a quantized run"});
  } else if (layers == LayerChoice::none) {
    all.left_out.push_back({"Layers", "not asked for (--layers none)"});
  } else {
    for (const auto* series : drawn) all.add(charts_of(data, *series, layers == LayerChoice::all));
    if (others > 0)
      all.left_out.push_back(
          {fmt::format("Layers of {} other settings and data sets", others),
           "one of each method is drawn, the best by its validation score (--layers all)"});
  }
  return all;
}

}  // namespace laq::analysis
