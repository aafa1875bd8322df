#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "analysis/chart_facets.hpp"
#include "analysis/model_size.hpp"
#include "analysis/protocol.hpp"
#include "analysis/selection.hpp"
#include "analysis/statistics.hpp"
#include "core/error.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr double kMebi = 1 << 20, kLogarithmic = 4;
constexpr std::size_t kTogether = 6;

/// What the metric is drawn against.
struct Against {
  std::string name, what, axis;  ///< of the figure, in its title, at the axis
  std::string key;               ///< of the configuration: series of a line differ in it alone
  std::string note;
  std::function<std::optional<double>(const Series&)> x;
  bool level = false;  ///< a line across at full precision
};

/// Of every series that has a result and stands in the figure.
using Places = std::map<const Series*, CurvePoint>;

std::optional<double> bits_per_weight(const Series& series) {
  const train::Run& run = series.job.run;
  return run.quantizer.method ? std::optional<double>(model_size(run).bits) : std::nullopt;
}

std::optional<double> mebibytes(const Series& series) {
  return model_size(series.job.run).bytes() / kMebi;
}

Places places_of(const SweepData& data, const std::string& experiment, const Against& against) {
  const std::string metric = metric_name(data.metric(experiment));
  Places places;
  for (const auto* series : data.of(experiment)) {
    const auto x = against.x(*series);
    const Summary summary = summarize(series->finals(metric));
    if (x && summary.n > 0)
      places[series] = {*x, summary.mean, summary.sd.value_or(kUnknown), summary.n};
  }
  return places;
}

// The configuration without the key.
nlohmann::json lane_of(const Series& series, std::string key) {
  std::replace(key.begin(), key.end(), '.', '/');
  const nlohmann::json::json_pointer place("/" + key);
  nlohmann::json canonical = series.job.run.canonical;
  if (canonical.contains(place)) canonical.at(place.parent_pointer()).erase(place.back());
  return canonical;
}

// A full-precision run of the same words that lies in the runs folder although the sweep, whose
// grid may have no meaning for it, does not list it.
std::optional<double> unlisted_full(const SweepData& data, const std::string& experiment,
                                    const fs::path& configs) {
  const sweep::Plan& plan = *data.plan;
  std::vector<double> values;
  std::set<std::int64_t> seeds;
  store::Store store;
  for (const auto& planned : plan.jobs) {
    train::RunRequest request = planned.run.request;
    if (request.experiment != experiment || !seeds.insert(request.seed).second) continue;
    request.method = "full";
    request.overrides = words_of(planned);
    try {
      sweep::Job job{train::resolve(configs, request), {}, record::State::queued, {}, {}};
      job.folder = plan.runs / job.run.folder();
      const store::Stored stored = store.of(job);
      if (!stored.completed()) continue;
      values.push_back(*stored.record->history.final_number(metric_name(metric_of(job.run))));
    } catch (const Error&) {
      continue;  // words without meaning for full precision
    }
  }
  if (values.empty()) return std::nullopt;
  return summarize(values).mean;
}

std::optional<double> full_precision(const SweepData& data, const std::string& experiment,
                                     const fs::path& configs) {
  if (const auto* full = full_precision(data, experiment))
    return summarize(full->finals(metric_name(data.metric(experiment)))).mean;
  return unlisted_full(data, experiment, configs);
}

// Series that differ in x alone, in its order.
std::vector<Item> lanes_of(const SweepData& data, const std::string& experiment,
                           const std::string& differing, const Places& places) {
  std::vector<nlohmann::json> keys;
  std::vector<Item> lanes;
  for (const auto* series : data.of(experiment)) {
    if (!places.contains(series)) continue;
    const std::size_t at = place_in(keys, lane_of(*series, differing));
    lanes.resize(keys.size());
    lanes[at].push_back(series);
  }
  const auto x = [&](const Series* series) { return places.at(series).x; };
  for (auto& lane : lanes) std::ranges::stable_sort(lane, {}, x);
  std::erase_if(lanes, [&](const Item& lane) { return x(lane.front()) == x(lane.back()); });
  return lanes;
}

Axis x_axis(const Against& against, const std::vector<Curve>& curves) {
  std::set<double> places;
  for (const auto& curve : curves) {
    for (const auto& point : curve.points) places.insert(point.x);
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
                 const fs::path& configs) {
  Charts all;
  const train::MetricFacts& judged = train::facts(data.metric(experiment));
  const Places places = places_of(data, experiment, against);
  const auto lanes = lanes_of(data, experiment, against.key, places);
  Chart model{.name = chart_name(data, against.name, experiment),
              .kind = capital(judged.word) + " against " + against.what,
              .title = fmt::format("Test {} against {}, {}", judged.word, against.what,
                                   data.title_of(experiment))};
  if (lanes.empty()) {
    all.left_out.push_back(
        {model.title, "needs completed runs that differ in nothing else; see the overview"});
    return all;
  }
  bool several = false;
  for (const auto& lane : lanes) {
    for (const auto* series : lane) several = several || series->completed() > 1;
  }
  const auto full = against.level ? full_precision(data, experiment, configs) : std::nullopt;
  model.caption = against.note + (full ? " Dashed line across: full precision." : "") +
                  missing_words(data.of(experiment));
  const auto curves = [&](const Item& lane) {
    std::vector<std::string> labels;
    Curve curve;
    for (const auto* series : lane) {
      labels.push_back(series->label);
      curve.points.push_back(places.at(series));
    }
    curve.name = common_label(labels);
    return std::vector{curve};
  };
  const auto axes = [&](const std::vector<Curve>& drawn) {
    auto extents = extents_of(drawn);
    if (full) extents.push_back({*full, *full});
    return std::pair(x_axis(against, drawn),
                     axis_over(metric_label(data.metric(experiment)), extents));
  };
  all.drawn = facet_charts(model, lanes, kTogether, curves, axes);
  for (auto& chart : all.drawn) {
    Panels& body = std::get<Panels>(chart.body);
    if (body.context) body.keys.emplace_back(kContext, "the other panels");
    if (!body.context) chart.caption += spread_words(several);  // no bars among grey curves
    if (!full) continue;
    body.keys.emplace_back(kLevel, fmt::format("full-precision {:.4g}", *full));
    for (auto& panel : body.panels)
      panel.curves.push_back({.name = "full-precision",
                              .look = kLevel,
                              .points = {{panel.x.low, *full}, {panel.x.high, *full}}});
  }
  return all;
}

std::vector<Against> what_varies(const SweepData& data) {
  std::vector<Against> all = {
      {"bits", "bits per weight", "Bits per weight (1: binary, 2: ternary)", "quantizer.bits", "",
       bits_per_weight, true},
      {"size", "model size", "Size of the weights that methods quantize (MiB)", "model",
       " A code of the method's bits (32: full precision) for each weight that is quantized and 32 "
       "bits for each scale; biases, batch norm and a character model's output layer are not "
       "counted.",
       mebibytes}};
  for (const auto& [axis, values] : data.plan->grid) {
    const bool numbers = std::all_of(values.begin(), values.end(),
                                     [](const auto& value) { return number_from<double>(value); });
    if (values.size() > 1 && numbers && axis != "quantizer.bits")
      all.push_back({"by_" + file_word(last_part(axis)), last_part(axis), axis, axis, "",
                     [key = axis](const Series& series) {
                       return number_from<double>(value_on(series, key));
                     }});
  }
  return all;
}

}  // namespace

Charts line_charts(const SweepData& data, const fs::path& configs) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    for (const auto& against : what_varies(data))
      all.add(charts_of(data, experiment, against, configs));
  }
  return all;
}

}  // namespace laq::analysis
