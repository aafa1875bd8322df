#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "analysis/chart_facets.hpp"
#include "analysis/chart_layout.hpp"
#include "analysis/protocol.hpp"
#include "analysis/statistics.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr double kBitsInByte = 8, kMebi = 1 << 20, kLogarithmic = 4;
constexpr std::size_t kTogether = 6;

/// What the metric is drawn against.
struct Against {
  std::string name, what, axis;  ///< of the figure, in its title, at the axis
  std::string key;               ///< of the configuration: series of a line differ in it alone
  std::string note;
};

std::optional<double> number_of(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return text.empty() || *end != '\0' ? std::nullopt : std::optional(value);
}

std::optional<double> x_of(const Against& against, const Series& series) {
  const train::Run& run = series.job.run;
  if (against.name == "bits" || against.name == "size") {
    const auto bits = bits_of(run);
    if (!bits || (against.name == "bits" && !run.quantizer.method)) return std::nullopt;
    return against.name == "bits" ? *bits : run.model_size().weights * *bits / kBitsInByte / kMebi;
  }
  for (const auto& [axis, value] : series.job.point) {
    if (axis == against.key) return number_of(value);
  }
  return std::nullopt;
}

// The configuration without the key.
std::string lane_of(const Series& series, const std::string& key) {
  nlohmann::json canonical = series.job.run.canonical;
  const auto dot = key.find('.');
  if (dot == std::string::npos) {
    canonical.erase(key);
  } else if (const auto section = canonical.find(key.substr(0, dot));
             section != canonical.end() && section->is_object()) {
    section->erase(key.substr(dot + 1));
  }
  return series.method + canonical.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A full-precision run of the same words that lies in the runs folder although the sweep, whose
// grid may have no meaning for it, does not list it.
std::optional<double> unlisted_full(const SweepData& data, const std::string& experiment,
                                    const fs::path& configs) {
  const sweep::Plan& plan = *data.plan;
  std::vector<double> values;
  std::set<std::int64_t> seeds;
  for (const auto& planned : plan.jobs) {
    train::RunRequest request = planned.run.request;
    if (request.experiment != experiment || !seeds.insert(request.seed).second) continue;
    request.method = "full";
    request.overrides = words_of(planned);
    try {
      sweep::Job job{train::resolve(configs, request), {}, record::State::queued, {}, {}};
      job.folder = plan.runs / job.run.folder();
      sweep::refresh(job);
      if (!job.done()) continue;
      const auto value =
          sweep::read_record(job).history.final_number(metric_name(metric_of(job.run)));
      if (value) values.push_back(*value);
    } catch (const Error&) {
      continue;  // words without meaning for full precision, or a record that is of no use
    }
  }
  if (values.empty()) return std::nullopt;
  return summarize(values).mean;
}

std::optional<double> full_precision(const SweepData& data, const std::string& experiment,
                                     const fs::path& configs) {
  for (const auto* series : data.of(experiment)) {
    const auto values = series->finals(metric_name(data.metric(experiment)));
    if (!series->job.run.quantizer.method && !values.empty()) return summarize(values).mean;
  }
  return unlisted_full(data, experiment, configs);
}

/// Series that differ in x alone, in its order.
using Lane = std::vector<const Series*>;

std::vector<Lane> lanes_of(const SweepData& data, const std::string& experiment,
                           const Against& against) {
  std::vector<std::string> keys;
  std::vector<Lane> lanes;
  for (const auto* series : data.of(experiment)) {
    if (!x_of(against, *series) || series->finals(metric_name(data.metric(experiment))).empty())
      continue;
    const std::string key = lane_of(*series, against.key);
    const auto at =
        static_cast<std::size_t>(std::find(keys.begin(), keys.end(), key) - keys.begin());
    if (at == keys.size()) {
      keys.push_back(key);
      lanes.emplace_back();
    }
    lanes[at].push_back(series);
  }
  for (auto& lane : lanes) {
    std::stable_sort(lane.begin(), lane.end(), [&](const Series* a, const Series* b) {
      return *x_of(against, *a) < *x_of(against, *b);
    });
  }
  std::erase_if(lanes, [&](const Lane& lane) {
    return *x_of(against, *lane.front()) == *x_of(against, *lane.back());
  });
  return lanes;
}

std::vector<CurvePoint> points_of(const Against& against, const Lane& lane,
                                  const std::string& metric) {
  std::vector<CurvePoint> points;
  for (const auto* series : lane) {
    const Summary summary = summarize(series->finals(metric));
    points.push_back(
        {*x_of(against, *series), summary.mean, summary.sd.value_or(kUnknown), summary.n});
  }
  return points;
}

Axis x_axis(const Against& against, const std::vector<Panel>& panels) {
  std::set<double> places;
  for (const auto& panel : panels) {
    for (const auto& curve : panel.curves) {
      for (const auto& point : curve.points) places.insert(point.x);
    }
  }
  Axis axis{.label = against.axis, .low = *places.begin(), .high = *places.rbegin()};
  axis.places = {places.begin(), places.end()};
  if (axis.low > 0 && axis.high / axis.low > kLogarithmic) {
    axis.scale = Axis::Scale::logarithmic;
    const double margin = std::pow(axis.high / axis.low, 0.06);
    axis.low /= margin;
    axis.high *= margin;
  } else {
    const double margin = 0.06 * (axis.high - axis.low);
    axis.low -= margin;
    axis.high += margin;
  }
  return axis;
}

Charts charts_of(const SweepData& data, const std::string& experiment, const Against& against,
                 std::optional<double> full) {
  Charts all;
  const train::MetricFacts& judged = train::facts(data.metric(experiment));
  const std::string title =
      fmt::format("Test {} against {}, {}", judged.word, against.what, data.title_of(experiment));
  const auto lanes = lanes_of(data, experiment, against);
  if (lanes.empty()) {
    all.left_out.push_back(
        {title, "needs completed runs that differ in nothing else; see the overview"});
    return all;
  }
  const auto figures = facets_of(lanes, kTogether);
  std::vector<std::vector<Panel>> panels;
  std::vector<Panel> together;
  std::vector<Extent> extents;
  bool several = false, alone = true;
  for (const auto& figure : figures) {
    auto& drawn = panels.emplace_back();
    for (const auto& facet : figure) {
      Panel panel{.title = facet.title};
      for (const auto& [item, label, look] : facet.curves) {
        Curve& curve = panel.curves.emplace_back();
        curve = {.name = label.empty() ? facet.title : label,
                 .label = label,
                 .look = look,
                 .points = points_of(against, lanes[item], judged.test)};
        alone = alone && label.empty();
        Extent extent{INFINITY, -INFINITY};
        for (const auto& point : curve.points) {
          const double sd = std::isfinite(point.sd) ? point.sd : 0;
          extent = {std::min(extent.low, point.y - sd), std::max(extent.high, point.y + sd)};
          several = several || point.runs > 1;
        }
        extents.push_back(extent);
      }
      together.push_back(panel);
      drawn.push_back(std::move(panel));
    }
  }
  if (full) extents.push_back({*full, *full});
  const Axis x = x_axis(against, together);
  const Axis y = axis_over(metric_label(data.metric(experiment)), extents);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const Part part = part_of(i, figures.size());
    Chart& chart = all.drawn.emplace_back();
    chart.name = chart_name(data, against.name, experiment) + part.name;
    chart.kind = capital(judged.word) + " against " + against.what;
    chart.title = title + part.title;
    Panels body{.panels = std::move(panels[i])};
    body.context = alone && body.panels.size() > 1;
    if (body.context) body.keys.emplace_back(kContext, "the other panels");
    if (full) body.keys.emplace_back(kLevel, fmt::format("full-precision {:.4g}", *full));
    for (auto& panel : body.panels) {
      panel.x = x;
      panel.y = y;
      if (full)
        panel.curves.push_back({.name = "full-precision",
                                .label = "",
                                .look = kLevel,
                                .points = {{x.low, *full}, {x.high, *full}}});
    }
    chart.caption = chart.title + "." + against.note + spread_words(several) +
                    (full ? " Dashed line across: full precision." : "") +
                    missing_words(data.of(experiment));
    for (const auto& facet : figures[i]) {
      for (const auto& curve : facet.curves) {
        for (const auto* series : lanes[curve.item]) chart.series.push_back(series->first_job);
      }
    }
    chart.body = std::move(body);
  }
  return all;
}

std::vector<Against> what_varies(const SweepData& data) {
  std::vector<Against> all = {
      {"bits", "bits per weight", "Bits per weight (1: binary, 2: ternary)", "quantizer.bits", ""},
      {"size", "model size", "Size of the weights that methods quantize (MiB)", "model",
       " Bits of the method (32: full precision) times the weights that are quantized; scales, "
       "biases, batch norm and a character model's output layer are not counted."}};
  for (const auto& [axis, values] : data.plan->grid) {
    const bool numbers = std::all_of(values.begin(), values.end(),
                                     [](const auto& value) { return number_of(value); });
    if (values.size() > 1 && numbers && axis != "quantizer.bits")
      all.push_back({"by_" + file_word(last_part(axis)), last_part(axis), axis, axis, ""});
  }
  return all;
}

}  // namespace

Charts line_charts(const SweepData& data, const fs::path& configs) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    for (const auto& against : what_varies(data)) {
      const bool line = against.name == "bits";
      all.add(charts_of(data, experiment, against,
                        line ? full_precision(data, experiment, configs) : std::nullopt));
    }
  }
  return all;
}

}  // namespace laq::analysis
