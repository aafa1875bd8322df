#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "analysis/chart_layout.hpp"
#include "analysis/model_size.hpp"
#include "analysis/selection.hpp"
#include "analysis/statistics.hpp"
#include "analysis/wording.hpp"

namespace laq::analysis {
namespace {

constexpr double kMilli = 1000;

/// A method at a point of the grid.
struct Setting {
  std::string label;
  int bits = 0;
  std::vector<const Series*> series;  ///< one for each experiment where it is planned
  std::size_t row = 0;                ///< in the figure
};

std::vector<Setting> settings_of(const SweepData& data) {
  std::vector<Setting> all;
  for (const auto& series : data.series) {
    auto known = std::find_if(all.begin(), all.end(), [&](const Setting& one) {
      const Series& first = *one.series.front();
      return first.method == series.method && first.job.point == series.job.point;
    });
    if (known == all.end())
      known = all.insert(known, {series.label, model_size(series.job.run).bits, {}});
    known->series.push_back(&series);
  }
  return all;
}

/// A figure of settings by experiments.
struct Overview {
  std::function<std::optional<RowMark>(const Series&)> mark;
  std::function<std::string(const std::string&)> axis;  ///< of an experiment
  std::string lacking;                                  ///< why there is no mark
  bool from_zero = false, by_bits = false;
};

std::string bits_head(int bits) {
  return bits == 1 ? "1 bit" : fmt::format("{} bits{}", bits, bits == 32 ? ": full precision" : "");
}

// By their bits with a head for each number of them, or in the order of the plan.
std::vector<MarkRow> rows_of(std::vector<Setting>& settings, bool by_bits) {
  if (by_bits) std::ranges::stable_sort(settings, {}, &Setting::bits);
  const bool heads = by_bits && settings.front().bits != settings.back().bits;
  std::vector<MarkRow> rows;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (heads && (i == 0 || settings[i].bits != settings[i - 1].bits))
      rows.push_back({bits_head(settings[i].bits), true, {}});
    settings[i].row = rows.size();
    rows.push_back({settings[i].label, false, {}});
  }
  return rows;
}

// The chart of the experiments of which something is known.
Charts charts_of(const SweepData& data, const Overview& overview, MarkRows body, Chart chart) {
  Charts all;
  std::vector<const Series*> planned;
  auto settings = settings_of(data);
  body.rows = rows_of(settings, overview.by_bits);
  bool lines = false;
  for (const auto& experiment : data.experiments) {
    RowPanel panel{.title = data.title_of(experiment)};
    const Series* full = full_precision(data, experiment);
    std::vector<Interval> extents;
    std::vector<std::optional<RowMark>> marks(body.rows.size());
    for (const auto& setting : settings) {
      for (const auto* series : setting.series) {
        if (series->experiment != experiment) continue;
        auto& mark = marks[setting.row] = overview.mark(*series);
        if (!mark) continue;
        chart.series.push_back(series->first_job);
        extents.push_back({std::isfinite(mark->low) ? mark->low : mark->value,
                           std::isfinite(mark->high) ? mark->high : mark->value});
        if (series == full) panel.lines.emplace_back(mark->value, kLevel);
      }
    }
    if (extents.empty()) {
      all.left_out.push_back({chart.title + ", " + panel.title, overview.lacking});
      continue;
    }
    for (std::size_t r = 0; r < marks.size(); ++r) body.rows[r].marks.push_back(marks[r]);
    lines = lines || !panel.lines.empty();
    panel.x = axis_over(overview.axis(experiment), extents, overview.from_zero);
    body.panels.push_back(std::move(panel));
    for (const auto* series : data.of(experiment)) planned.push_back(series);
  }
  if (body.panels.empty()) return all;
  if (lines) chart.caption += " Dashed: full precision.";
  chart.caption += missing_words(planned);
  chart.body = std::move(body);
  all.drawn.push_back(std::move(chart));
  return all;
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
  const double middle = at_share(steps, 0.5);
  return RowMark{.value = middle,
                 .low = at_share(steps, 0.1),
                 .high = at_share(steps, 0.9),
                 .text = fixed(middle, 1),
                 .columns = {series.label, std::to_string(steps.size())}};
}

}  // namespace

Charts overview_charts(const SweepData& data) {
  bool several = false;
  const auto mark = [&](const Series& series) -> std::optional<RowMark> {
    const train::MetricFacts& judged = train::facts(metric_of(series.job.run));
    const auto values = series.finals(judged.test);
    if (values.empty()) return std::nullopt;
    const Summary summary = summarize(values);
    several = several || summary.n > 1;
    RowMark found{.value = summary.mean, .text = fixed(summary.mean, judged.decimals)};
    if (summary.sd) {
      found.low = summary.mean - *summary.sd;
      found.high = summary.mean + *summary.sd;
      found.text += " ± " + fixed(*summary.sd, judged.decimals);
    }
    found.columns = {series.label, std::to_string(model_size(series.job.run).bits),
                     std::to_string(summary.n)};
    return found;
  };
  const auto axis = [&](const std::string& name) { return metric_label(data.metric(name)); };
  Charts all = charts_of(
      data, {mark, axis, "no run is completed", false, true},
      {.columns = {"method", "bits", "runs"}},
      {.name = "overview", .kind = "Overview", .title = "Test results by bits per weight"});
  for (auto& one : all.drawn) {
    if (!std::get<MarkRows>(one.body).rows.front().head) one.title = "Test results of all settings";
    one.caption = one.title + "." + spread_words(several) + one.caption;
  }
  return all;
}

Charts time_charts(const SweepData& data) {
  const auto axis = [](const std::string&) { return "Time of a training step (ms)"; };
  Chart chart{.name = "step_time",
              .kind = "Step time",
              .title = "Time of a training step by method",
              .detail = true};
  chart.caption = chart.title +
                  ". Point: median over all steps of the completed runs; bar: from the 10th to the "
                  "90th percentile. A wide bar means that other work took the machine's cores.";
  std::string lacking = "no completed run has recorded the time of a step";
  if (const std::string source = data.times_sentence(); !source.empty()) {
    chart.caption += " " + source;
    lacking = "no completed run on " + data.timed_on + " has recorded the time of a step";
  }
  return charts_of(data, {step_mark, axis, lacking, true, false}, {.columns = {"method", "steps"}},
                   std::move(chart));
}

}  // namespace laq::analysis
