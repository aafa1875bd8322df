#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "analysis/chart_facets.hpp"
#include "analysis/chart_layout.hpp"
#include "analysis/layer_weights.hpp"
#include "analysis/statistics.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kPercent = 100;
constexpr double kSmallestGap = 1e-4;  // percent

using Points = std::vector<CurvePoint>;

/// Something that every epoch has a number of.
struct Measure {
  std::string name, kind, title, axis;  ///< of the figure
  std::string main_name, other_name;    ///< of the curves
  std::function<Points(const Series&)> main, other;
  std::string note, lacking;  ///< for the caption; why it is not drawn
  bool detail = false;
};

// Mean and standard deviation over the runs of what each has at an epoch.
Points over_runs(const Series& series,
                 const std::function<double(const record::History&, std::size_t)>& value) {
  const auto histories = series.histories();
  Points points;
  if (histories.empty()) return points;
  for (std::size_t e = 0; e < shortest(histories); ++e) {
    std::vector<double> values;
    for (const auto* history : histories) values.push_back(value(*history, e));
    const Summary summary = summarize(values);
    points.push_back({static_cast<double>(histories.front()->epochs.index[e]), summary.mean,
                      summary.sd.value_or(kUnknown), values.size()});
  }
  const bool none = std::none_of(points.begin(), points.end(),
                                 [](const CurvePoint& point) { return std::isfinite(point.y); });
  return none ? Points() : points;
}

std::function<Points(const Series&)> column(const std::string& name) {
  return [name](const Series& series) {
    return over_runs(series, [&](const record::History& history, std::size_t epoch) {
      const auto* values = history.epochs.find(name);
      return values ? (*values)[epoch] : kUnknown;
    });
  };
}

// Of a column of the layers: the mean, or the largest of them.
std::function<Points(const Series&)> layer_column(const std::string& name, double factor,
                                                  bool largest) {
  return [=](const Series& series) {
    return over_runs(series, [&](const record::History& history, std::size_t epoch) {
      double sum = 0, most = 0, count = 0;
      for (const auto& [layer, columns] : history.layers) {
        const double value = factor * layer_value(history, layer, name, epoch);
        if (!std::isfinite(value)) continue;
        sum += value;
        most = std::max(most, value);
        ++count;
      }
      return count == 0 ? kUnknown : largest ? most : sum / count;
    });
  };
}

bool alternates(const Series& series) {
  const auto& canonical = series.job.run.canonical;
  const auto quantizer = canonical.find("quantizer");
  return quantizer != canonical.end() && quantizer->value("solver", "") == "alternating";
}

Axis y_axis(const Measure& measure, const std::vector<Panel>& panels) {
  std::vector<Extent> extents;
  double most = 0;
  for (const auto& panel : panels) {
    for (const auto& curve : panel.curves) {
      Extent extent{INFINITY, -INFINITY};
      for (const auto& point : curve.points) {
        if (!std::isfinite(point.y)) continue;
        extent = {std::min(extent.low, point.y), std::max(extent.high, point.y)};
      }
      if (extent.low > extent.high) continue;
      extents.push_back(extent);
      most = std::max(most, extent.high);
    }
  }
  // Gaps are 0 where the solver found the optimum.
  if (measure.name == "gap")
    return {measure.axis, kSmallestGap, std::max(most * 1.5, 100 * kSmallestGap),
            Axis::Scale::logarithmic};
  return axis_over(measure.axis, extents, measure.name == "rounds");
}

Charts charts_of(const SweepData& data, const std::string& experiment, const Measure& measure) {
  Charts all;
  const std::string title = measure.title + ", " + data.title_of(experiment);
  std::vector<std::vector<const Series*>> items;
  for (const auto* series : data.of(experiment)) {
    const bool asked = measure.name != "rounds" || alternates(*series);
    if (asked && !measure.main(*series).empty()) items.push_back({series});
  }
  if (items.empty()) {
    all.left_out.push_back({title, measure.lacking});
    return all;
  }
  const auto figures = facets_of(items, 1);
  std::vector<std::vector<Panel>> panels;
  std::vector<Panel> together;  // for axes that all figures share
  double epochs = 1;
  bool alone = true;
  for (const auto& figure : figures) {
    auto& drawn = panels.emplace_back();
    for (const auto& facet : figure) {
      Panel panel{.title = facet.title};
      for (const auto& [item, label, look] : facet.curves) {
        const Series& series = *items[item].front();
        panel.curves.push_back({.name = measure.main_name,
                                .label = label,
                                .look = look,
                                .points = measure.main(series)});
        alone = alone && label.empty();
        if (!label.empty()) panel.curves.back().name = series.label;
        epochs = std::max(epochs, panel.curves.back().points.back().x);
        Points other = label.empty() ? measure.other(series) : Points();
        if (!other.empty())
          panel.curves.push_back({.name = measure.other_name, .look = kOther, .points = other});
      }
      together.push_back(panel);
      drawn.push_back(std::move(panel));
    }
  }
  const Axis x{.label = "Epoch", .low = 0, .high = epochs + 0.5};
  const Axis y = y_axis(measure, together);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const Part part = part_of(i, figures.size());
    Chart& chart = all.drawn.emplace_back();
    chart.name = chart_name(data, measure.name, experiment) + part.name;
    chart.kind = measure.kind;
    chart.title = title + part.title;
    chart.detail = measure.detail;
    Panels body{.panels = std::move(panels[i])};
    body.context = alone && body.panels.size() > 1;
    for (auto& panel : body.panels) {
      panel.x = x;
      panel.y = y;
    }
    std::vector<const Series*> shown;
    for (const auto& facet : figures[i]) {
      for (const auto& curve : facet.curves) shown.push_back(items[curve.item].front());
    }
    for (const auto* series : shown) chart.series.push_back(series->first_job);
    const bool seeds = std::any_of(shown.begin(), shown.end(), [](const Series* series) {
      return series->histories().size() > 1;
    });
    if (alone) {
      body.keys.emplace_back(kMain, measure.main_name);
      body.keys.emplace_back(kOther, measure.other_name);
      if (body.context) body.keys.emplace_back(kContext, measure.main_name + ", other panels");
    } else {
      chart.caption = capital(measure.main_name) + ". ";
    }
    chart.caption = chart.title + ". " + chart.caption + measure.note;
    if (seeds) chart.caption += " Curves are means over the completed seeds.";
    chart.caption += " ▲, ▼: beyond the axis.";
    chart.body = std::move(body);
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
         "At the last step of each epoch, mean over groups.",
         "no record of a run with an alternating solver", true},
        {"gap", "Solver", "Gap of the solver to the exact optimum", "Gap to optimum (%)",
         "mean of the layers", "largest of the layers", layer_column("gap", kPercent, false),
         layer_column("gap", kPercent, true),
         "How far Σ d(w − ŵ)² is above its global minimum for the same w and d, in percent of it.",
         "no record of a solver with a gap to the optimum", true}};
    for (const auto& measure : measures) all.add(charts_of(data, experiment, measure));
  }
  return all;
}

}  // namespace laq::analysis
