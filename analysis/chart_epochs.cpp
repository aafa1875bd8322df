#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/chart_facets.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kPercent = 100;
constexpr double kSmallestGap = 1e-4;  // percent

/// Something that every epoch has a number of.
struct Measure {
  std::string name, kind, title, axis;  ///< of the figure
  std::string main_name, other_name;    ///< of the curves
  EpochValue main, other;
  std::string note, lacking;  ///< for the caption; why it is not drawn
  bool detail = false;
};

EpochValue column(const std::string& name) {
  return [name](const record::History& history, std::size_t epoch) {
    const auto* values = history.epochs.find(name);
    return values ? (*values)[epoch] : kUnknown;
  };
}

// Of a column of the layers: the mean, or the largest of them.
EpochValue layer_column(const std::string& name, double factor, bool largest) {
  return [=](const record::History& history, std::size_t epoch) {
    double sum = 0, most = 0, count = 0;
    for (const auto& [layer, columns] : history.layers) {
      const double value = factor * layer_value(history, layer, name, epoch);
      if (!std::isfinite(value)) continue;
      sum += value;
      most = std::max(most, value);
      ++count;
    }
    return count == 0 ? kUnknown : largest ? most : sum / count;
  };
}

std::pair<Axis, Axis> axes_of(const Measure& measure, const std::vector<Curve>& curves) {
  Axis x{.label = "Epoch", .low = 0, .high = 1, .whole = true};
  for (const auto& curve : curves) x.high = std::max(x.high, curve.points.back().x + 0.5);
  const auto extents = extents_of(curves);
  if (measure.name != "gap") return {x, axis_over(measure.axis, extents, measure.name == "rounds")};
  // Gaps are 0 where the solver found the optimum.
  double most = 100 * kSmallestGap;
  for (const auto& one : extents) most = std::max(most, 1.5 * one.high);
  return {x, {measure.axis, kSmallestGap, most, Axis::Scale::logarithmic}};
}

Charts charts_of(const SweepData& data, const std::string& experiment, const Measure& measure) {
  Charts all;
  Chart model{.name = chart_name(data, measure.name, experiment),
              .kind = measure.kind,
              .title = measure.title + ", " + data.title_of(experiment),
              .caption = measure.note,
              .detail = measure.detail};
  std::vector<Item> items;
  bool seeds = false;
  for (const auto* series : data.of(experiment)) {
    const bool asked = measure.name != "rounds" || alternates(series->job.run);
    const auto histories = series->histories();
    if (!asked || epoch_means(histories, measure.main).empty()) continue;
    items.push_back({series});
    seeds = seeds || histories.size() > 1;
  }
  if (items.empty()) {
    all.left_out.push_back({model.title, measure.lacking});
    return all;
  }
  if (seeds) model.caption += " Curves are means over the completed seeds.";
  const auto curves = [&](const Item& item) {
    const auto histories = item.front()->histories();
    std::vector<Curve> made = {
        {measure.main_name, "", kMain, epoch_means(histories, measure.main)},
        {measure.other_name, "", kOther, epoch_means(histories, measure.other)}};
    std::erase_if(made, [](const Curve& curve) { return curve.points.empty(); });
    return made;
  };
  all.drawn = facet_charts(model, items, 1, curves, [&](const std::vector<Curve>& drawn) {
    return axes_of(measure, drawn);
  });
  for (auto& chart : all.drawn) {
    Panels& body = std::get<Panels>(chart.body);
    if (body.panels.front().curves.front().label.empty()) {  // a panel for each series
      body.keys = {{kMain, measure.main_name}, {kOther, measure.other_name}};
    } else {
      chart.caption += " Shown: " + measure.main_name + ".";
    }
    if (body.context) body.keys.emplace_back(kContext, measure.main_name + ", other panels");
  }
  return all;
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

Charts epoch_charts(const SweepData& data) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    const train::MetricFacts& judged = train::facts(data.metric(experiment));
    const std::string word = judged.word;
    const std::string axis = fmt::format("{} ({})", capital(word), judged.unit);
    const std::string loss = fmt::format("Loss ({})", trained_losses(data.of(experiment)));
    const std::vector<Measure> measures = {
        {"learning", "Learning curves", axis + " over the epochs", axis, "test " + word,
         "validation " + word, column(judged.test), column(judged.valid), "",
         "no run has recorded an epoch", false},
        {"loss", "Training and validation loss", loss + " over the epochs", loss, "training loss",
         "validation loss", column("train_loss"), column("valid_loss"), "",
         "no run has recorded an epoch", true},
        {"rounds", "Solver", "Rounds of the alternating solver", "Rounds", "mean of the layers",
         "largest of the layers", layer_column("rounds", 1, false), layer_column("rounds", 1, true),
         " At the last step of each epoch, mean over groups.",
         "no record of a run with an alternating solver", true},
        {"gap", "Solver", "Gap of the solver to the exact optimum", "Gap to optimum (%)",
         "mean of the layers", "largest of the layers", layer_column("gap", kPercent, false),
         layer_column("gap", kPercent, true),
         " How far Σ d(w − ŵ)² is above its global minimum for the same w and d, in percent of it.",
         "no record of a solver with a gap to the optimum", true}};
    for (const auto& measure : measures) all.add(charts_of(data, experiment, measure));
  }
  return all;
}

}  // namespace laq::analysis
