#include "analysis/chart_facets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/statistics.hpp"
#include "analysis/unicode.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr std::size_t kMostLanes = 6;
const std::string kMethod = "method";

using Items = std::vector<Item>;

/// A curve's place among the items.
struct FacetCurve {
  std::size_t item = 0;
  std::string label;  ///< what tells it from the others in its panel; "" alone
  Look look = kMain;  ///< the same for the same value in every panel
};

struct Facet {
  std::string title;
  std::vector<FacetCurve> curves = {};
};

// "" where the series of an item differ.
std::string value_of(const Item& item, const std::string& factor) {
  const auto value = [&](const Series* series) {
    return factor == kMethod ? series->method : value_on(*series, factor);
  };
  const std::string first = value(item.front());
  const bool same =
      std::ranges::all_of(item, [&](const Series* series) { return value(series) == first; });
  return same ? first : "";
}

std::vector<std::string> values_of(const Items& items, const std::string& factor) {
  std::vector<std::string> values;
  for (const auto& item : items) place_in(values, value_of(item, factor));
  return values;
}

// In what the items differ: the method, axes of the grid.
std::vector<std::string> factors_of(const Items& items) {
  std::vector<std::string> factors = {kMethod};
  for (const auto& item : items) {
    for (const auto& [axis, value] : item.front()->job.point) place_in(factors, axis);
  }
  std::erase_if(factors, [&](const auto& factor) { return values_of(items, factor).size() < 2; });
  return factors;
}

// The factor that tells the curves of a panel apart; "" for none.
std::string lane_factor(const Items& items, const std::vector<std::string>& factors) {
  std::string best;
  std::size_t most = 1;
  for (auto factor = factors.rbegin(); factor != factors.rend(); ++factor) {
    const std::size_t count = values_of(items, *factor).size();
    if (count > kMostLanes || (*factor == kMethod && !best.empty())) continue;
    if (count > most) {
      best = *factor;
      most = count;
    }
  }
  return factors.size() > 1 ? best : "";
}

std::vector<std::string> labels_of(const Item& item, bool titles) {
  std::vector<std::string> labels;
  for (const auto* series : item)
    labels.push_back(titles ? one_line(series->job.run.method_title) : series->label);
  return labels;
}

// Alone in its panel, with what is wrong.
std::string own_label(const Item& item) {
  return item.size() == 1 ? item.front()->honest_label() : common_label(labels_of(item, false));
}

std::string lane_label(const Item& item, const std::string& factor) {
  const std::string label = factor == kMethod ? common_label(labels_of(item, true))
                                              : axis_words(factor, value_of(item, factor));
  if (item.size() > 1) return label;
  return label + item.front()->honest_label().substr(item.front()->label.size());
}

// Panels of a figure: whole groups of the first factor where they fit.
std::size_t panels_of_figure(std::size_t panels, std::size_t groups) {
  const std::size_t group = groups > 0 && panels % groups == 0 ? panels / groups : panels;
  if (group < panels && group <= kMostPanels && group > 1) return kMostPanels / group * group;
  const std::size_t figures = (panels + kMostPanels - 1) / kMostPanels;
  return (panels + figures - 1) / figures;
}

// The panels, and how many of them make a figure.
std::pair<std::vector<Facet>, std::size_t> facets_of(const Items& items, std::size_t together) {
  const auto factors = factors_of(items);
  const std::string lane = lane_factor(items, factors);
  const bool alone = lane.empty() && items.size() > together;
  auto lanes = values_of(items, lane);
  std::vector<Facet> panels;
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> labels;  // of all series of a panel
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string key = alone ? std::to_string(i) : "";
    for (const auto& factor : factors) {
      if (!lane.empty() && factor != lane) key += value_of(items[i], factor) + "\n";
    }
    const std::size_t at = place_in(keys, key);
    panels.resize(keys.size());
    labels.resize(keys.size());
    Facet& panel = panels[at];
    if (alone || items.size() == 1) {
      panel = {own_label(items[i]), {{i, "", kMain}}};
      continue;
    }
    const std::size_t index = lane.empty() ? i : place_in(lanes, value_of(items[i], lane));
    panel.curves.push_back({i, lane.empty() ? own_label(items[i]) : lane_label(items[i], lane),
                            static_cast<Look>(index % 10) + 1});
    for (const auto& label : labels_of(items[i], false)) labels[at].push_back(label);
    panel.title = common_label(labels[at]);
  }
  const auto first = std::ranges::find_if(factors, [&](const auto& one) { return one != lane; });
  const std::size_t groups = first == factors.end() ? 0 : values_of(items, *first).size();
  return {panels, panels_of_figure(panels.size(), groups)};
}

}  // namespace

std::vector<Chart> facet_charts(
    const Chart& model, const Items& items, std::size_t together,
    const std::function<std::vector<Curve>(const Item&)>& curves,
    const std::function<std::pair<Axis, Axis>(const std::vector<Curve>&)>& axes) {
  std::vector<Chart> charts;
  std::vector<Curve> all;
  const auto [facets, size] = facets_of(items, together);
  for (std::size_t i = 0; i < facets.size(); ++i) {
    if (i % size == 0) {
      Chart& chart = charts.emplace_back(model);
      set_number(chart, charts.size(), (facets.size() + size - 1) / size);
      chart.caption = chart.title + "." + model.caption;
    }
    Panels& body = std::get<Panels>(charts.back().body);
    Panel& panel = body.panels.emplace_back(Panel{.title = facets[i].title});
    for (const auto& [item, label, look] : facets[i].curves) {
      for (const auto* series : items[item]) charts.back().series.push_back(series->first_job);
      auto made = curves(items[item]);
      if (!label.empty()) {
        made.resize(1);
        made[0].name = made[0].label = label;
        made[0].look = look;
      }
      body.context = label.empty() && body.panels.size() > 1;
      all.insert(all.end(), made.begin(), made.end());
      panel.curves.insert(panel.curves.end(), made.begin(), made.end());
    }
  }
  const auto [x, y] = axes(all);
  const bool beyond = std::any_of(
      all.begin(), all.end(), [&, &axis = y](const Curve& curve) { return leaves(curve, axis); });
  for (auto& chart : charts) {
    if (beyond) chart.caption += " ▲, ▼: beyond the axis.";
    for (auto& panel : std::get<Panels>(chart.body).panels) {
      panel.x = x;
      panel.y = y;
    }
  }
  return charts;
}

void set_number(Chart& chart, std::size_t number, std::size_t figures) {
  if (figures < 2) return;
  chart.name += fmt::format("-{}", number);
  chart.title += fmt::format(" ({} of {})", number, figures);
}

std::vector<Interval> extents_of(const std::vector<Curve>& curves) {
  std::vector<Interval> extents;
  for (const auto& curve : curves) {
    Interval extent{INFINITY, -INFINITY};
    for (const auto& point : curve.points) {
      if (!std::isfinite(point.y)) continue;
      const double sd = std::isfinite(point.sd) ? point.sd : 0;
      // What is never negative has no axis below 0 for its spread's sake.
      const double low = std::max(point.y - sd, std::min(point.y, 0.0));
      extent = {std::min(extent.low, low), std::max(extent.high, point.y + sd)};
    }
    if (extent.low <= extent.high) extents.push_back(extent);
  }
  return extents;
}

std::vector<CurvePoint> epoch_means(const std::vector<const record::History*>& histories,
                                    const EpochValue& value) {
  std::vector<CurvePoint> points;
  const auto all_have = [&](std::size_t epoch) {
    return std::ranges::all_of(histories, [&](auto* one) { return epoch < one->epochs.rows(); });
  };
  for (std::size_t e = 0; !histories.empty() && all_have(e); ++e) {
    std::vector<double> values;
    for (const auto* history : histories) values.push_back(value(*history, e));
    const Summary summary = summarize(values);
    points.push_back({static_cast<double>(histories.front()->epochs.index[e]), summary.mean,
                      summary.sd.value_or(kUnknown), values.size()});
  }
  const bool none = std::ranges::none_of(
      points, [](double y) { return std::isfinite(y); }, &CurvePoint::y);
  return none ? std::vector<CurvePoint>() : points;
}

double layer_value(const record::History& history, const std::string& layer,
                   const std::string& column, std::size_t epoch, std::size_t first,
                   std::size_t step) {
  const auto* found = history.find(layer, column);
  if (!found || (epoch + 1) * found->width > found->values.size()) return kUnknown;
  double sum = 0, count = 0;
  for (std::size_t i = first; i < found->width; i += step, ++count)
    sum += found->values[epoch * found->width + i];
  return sum / count;
}

std::string value_on(const Series& series, const std::string& axis) {
  const auto found = std::ranges::find(series.point(), axis, &Point::value_type::first);
  return found == series.point().end() ? "" : found->second;
}

std::string common_label(const std::vector<std::string>& labels) {
  if (labels.size() == 1) return labels.front();
  const auto parts_of = [](const std::string& label) {
    std::vector<std::string> parts;
    for (std::string part : split(label, ',')) {
      part = part.substr(0, part.find(" ("));
      const auto first = part.find_first_not_of(' ');
      parts.push_back(first == std::string::npos ? "" : part.substr(first));
    }
    return parts;
  };
  std::vector<std::string> common = parts_of(labels.front());
  for (const auto& label : labels) {
    const auto parts = parts_of(label);
    std::erase_if(common, [&](const std::string& part) {
      return std::find(parts.begin(), parts.end(), part) == parts.end();
    });
  }
  return join(common);
}

}  // namespace laq::analysis
