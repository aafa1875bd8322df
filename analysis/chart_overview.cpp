#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "analysis/chart_layout.hpp"
#include "analysis/statistics.hpp"

namespace laq::analysis {
namespace {

constexpr double kMilli = 1000;

/// A method at a point of the grid, on every experiment.
struct Setting {
  std::string label;
  std::optional<int> bits;
  std::vector<const Series*> series;  ///< by experiment; null where it is not planned
};

std::vector<Setting> settings_of(const SweepData& data) {
  std::vector<Setting> all;
  std::vector<const Series*> first;
  for (const auto& series : data.series) {
    const auto known = std::find_if(first.begin(), first.end(), [&](const Series* one) {
      return one->method == series.method && one->job.point == series.job.point;
    });
    const auto at = static_cast<std::size_t>(known - first.begin());
    if (known == first.end()) {
      first.push_back(&series);
      all.push_back({series.label, bits_of(series.job.run),
                     std::vector<const Series*>(data.experiments.size(), nullptr)});
    }
    const auto experiment =
        std::find(data.experiments.begin(), data.experiments.end(), series.experiment);
    all[at].series[static_cast<std::size_t>(experiment - data.experiments.begin())] = &series;
  }
  return all;
}

/// A figure of settings by experiments.
struct Overview {
  std::function<std::optional<RowMark>(const Series&)> mark;
  std::function<std::string(const std::string&)> axis;  ///< of an experiment
  bool from_zero = false, by_bits = false;
};

std::string bits_head(std::optional<int> bits) {
  if (!bits) return "Other";
  return *bits == 1 ? "1 bit"
                    : fmt::format("{} bits{}", *bits, *bits == 32 ? ": full precision" : "");
}

// False, and no panel, where no setting has a mark.
bool add_panel(const Overview& overview, const std::string& title, const std::string& experiment,
               std::size_t index, const std::vector<Setting>& settings, MarkRows& body,
               Chart& chart) {
  std::vector<std::optional<RowMark>> marks;
  for (const auto& setting : settings) {
    const Series* series = setting.series[index];
    marks.push_back(series ? overview.mark(*series) : std::nullopt);
  }
  if (std::none_of(marks.begin(), marks.end(), [](const auto& mark) { return mark.has_value(); }))
    return false;
  RowPanel panel{.title = title};
  std::vector<Extent> extents;
  std::size_t row = 0;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    while (body.rows[row].head) ++row;
    if (const auto& mark = marks[i]) {
      const Series& series = *settings[i].series[index];
      chart.series.push_back(series.first_job);
      extents.push_back({std::isfinite(mark->low) ? mark->low : mark->value,
                         std::isfinite(mark->high) ? mark->high : mark->value});
      if (!series.job.run.quantizer.method && panel.lines.empty())
        panel.lines.emplace_back(mark->value, kLevel);
    }
    body.rows[row++].marks.push_back(std::move(marks[i]));
  }
  panel.x = axis_over(overview.axis(experiment), extents, overview.from_zero);
  body.panels.push_back(std::move(panel));
  return true;
}

// Fills in body and series. The experiments of which nothing is known stay out, and are returned.
std::vector<std::string> fill(const SweepData& data, const Overview& overview, MarkRows body,
                              Chart& chart) {
  auto settings = settings_of(data);
  if (overview.by_bits) {
    std::stable_sort(settings.begin(), settings.end(), [](const Setting& a, const Setting& b) {
      return a.bits.value_or(99) < b.bits.value_or(99);
    });
  }
  const bool heads = overview.by_bits && settings.front().bits != settings.back().bits;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (heads && (i == 0 || settings[i].bits != settings[i - 1].bits))
      body.rows.push_back({bits_head(settings[i].bits), true, {}});
    body.rows.push_back({settings[i].label, false, {}});
  }
  std::vector<std::string> empty;
  for (std::size_t e = 0; e < data.experiments.size(); ++e) {
    const std::string title = data.title_of(data.experiments[e]);
    if (!add_panel(overview, title, data.experiments[e], e, settings, body, chart))
      empty.push_back(title);
  }
  chart.body = std::move(body);
  return empty;
}

// The chart, or the reason why there is none on some data sets.
Charts charts_of(const SweepData& data, const Overview& overview, MarkRows body, Chart chart,
                 const std::string& lacking) {
  Charts all;
  const auto empty = fill(data, overview, std::move(body), chart);
  for (const auto& title : empty) all.left_out.push_back({chart.title + ", " + title, lacking});
  if (empty.size() < data.experiments.size()) {
    std::vector<const Series*> planned;
    for (const auto& series : data.series) {
      const std::string title = data.title_of(series.experiment);
      if (std::find(empty.begin(), empty.end(), title) == empty.end()) planned.push_back(&series);
    }
    const auto& lines = std::get<MarkRows>(chart.body).panels;
    if (std::any_of(lines.begin(), lines.end(), [](const RowPanel& p) { return !p.lines.empty(); }))
      chart.caption += " Dashed: full precision.";
    chart.caption += missing_words(planned);
    all.drawn.push_back(std::move(chart));
  }
  return all;
}

double at_fraction(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(place))];
}

// Milliseconds: the middle step, and what a tenth of the steps are below and above.
std::optional<RowMark> step_mark(const Series& series) {
  std::vector<double> steps;
  for (const auto& run : series.runs) {
    if (!run.completed() || !run.timed) continue;
    const auto* seconds = run.record->history.steps.find("seconds");
    if (!seconds) continue;
    for (const double one : *seconds) {
      if (std::isfinite(one)) steps.push_back(kMilli * one);
    }
  }
  if (steps.empty()) return std::nullopt;
  std::sort(steps.begin(), steps.end());
  RowMark mark;
  mark.value = at_fraction(steps, 0.5);
  mark.low = at_fraction(steps, 0.1);
  mark.high = at_fraction(steps, 0.9);
  mark.text = fmt::format("{:.1f}", mark.value);
  mark.columns = {series.label, std::to_string(steps.size())};
  return mark;
}

}  // namespace

Charts overview_charts(const SweepData& data) {
  bool several = false;
  const Overview overview{
      .mark = [&](const Series& series) -> std::optional<RowMark> {
        const train::MetricFacts& judged = train::facts(metric_of(series.job.run));
        const auto values = series.finals(judged.test);
        if (values.empty()) return std::nullopt;
        const Summary summary = summarize(values);
        several = several || summary.n > 1;
        RowMark mark;
        mark.value = summary.mean;
        mark.text = fmt::format("{:.{}f}", summary.mean, judged.decimals);
        if (summary.sd) {
          mark.low = summary.mean - *summary.sd;
          mark.high = summary.mean + *summary.sd;
          mark.text += fmt::format(" ± {:.{}f}", *summary.sd, judged.decimals);
        }
        const auto bits = bits_of(series.job.run);
        mark.columns = {series.label, bits ? std::to_string(*bits) : "", std::to_string(summary.n)};
        return mark;
      },
      .axis = [&](const std::string& name) { return metric_label(data.metric(name)); },
      .from_zero = false,
      .by_bits = true};
  Chart chart;
  chart.name = "overview";
  chart.kind = "Overview";
  chart.title = "Test results by bits per weight";
  Charts all = charts_of(data, overview, {.columns = {"method", "bits", "runs"}}, chart,
                         "no run is completed");
  for (auto& one : all.drawn) {
    if (!std::get<MarkRows>(one.body).rows.front().head) one.title = "Test results of all settings";
    one.caption = one.title + "." + spread_words(several) + one.caption;
  }
  return all;
}

Charts time_charts(const SweepData& data) {
  const Overview overview{
      .mark = step_mark,
      .axis = [](const std::string&) -> std::string { return "Time of a training step (ms)"; },
      .from_zero = true,
      .by_bits = false};
  Chart chart;
  chart.name = "step_time";
  chart.kind = "Step time";
  chart.title = "Time of a training step by method";
  chart.detail = true;
  chart.caption = chart.title +
                  ". Point: median over all steps of the completed runs; bar: from the 10th to the "
                  "90th percentile. A wide bar means that other work took the machine's cores.";
  std::string lacking = "no completed run has recorded the time of a step";
  if (const std::string source = data.times_sentence(); !source.empty()) {
    chart.caption += " " + source;
    lacking = "no completed run on " + data.timed_on + " has recorded the time of a step";
  }
  return charts_of(data, overview, {.columns = {"method", "steps"}}, chart, lacking);
}

}  // namespace laq::analysis
