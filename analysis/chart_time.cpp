#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/chart.hpp"
#include "analysis/unicode.hpp"

namespace laq::analysis {
namespace {

constexpr std::size_t kLeast = 34, kMost = 90;  // characters left of the axis

/// Milliseconds: the middle step, and what a tenth of the steps are below and above.
struct Times {
  const Series* series;
  double low, middle, high;
  std::size_t steps;
};

double at_fraction(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(place))];
}

std::vector<Times> times_of(const std::vector<const Series*>& all) {
  std::vector<Times> result;
  for (const auto* series : all) {
    if (series->completed() == 0) continue;
    std::vector<double> steps;
    for (const auto* history : series->histories()) {
      const auto* seconds = history->steps.find("seconds");
      if (!seconds) continue;
      for (const double one : *seconds) {
        if (std::isfinite(one)) steps.push_back(1000 * one);
      }
    }
    if (steps.empty()) continue;
    std::sort(steps.begin(), steps.end());
    result.push_back({series, at_fraction(steps, 0.1), at_fraction(steps, 0.5),
                      at_fraction(steps, 0.9), steps.size()});
  }
  return result;
}

Chart chart_of(const SweepData& data, const std::string& experiment,
               const std::vector<Times>& times) {
  Chart chart;
  chart.name = chart_name(data, "step_time", experiment);
  chart.kind = "Step time";
  chart.title = "Time of a training step by method" + experiment_suffix(data, experiment);
  chart.caption = chart.title +
                  ". Point: median over all steps of the completed runs; bar: from the 10th to the "
                  "90th percentile. A wide bar means that other work took the machine's cores.";
  // Labels of tics would be read as formats, and cut after 49 bytes.
  std::string table = "place\tmethod\tsteps\tp10_ms\tmedian_ms\tp90_ms\n", labels;
  double largest = 0;
  std::size_t left = kLeast;
  const Times* full = nullptr;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const Times& one = times[i];
    table += fmt::format("{}\t{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\n", i + 1,
                         table_field(one.series->label), one.steps, one.low, one.middle, one.high);
    labels += fmt::format("set label {} at graph 0, first {} right offset -1, 0 font SMALL\n",
                          script_text(one.series->honest_label()), i + 1);
    left = std::clamp(display_width(one.series->honest_label()) + 5, left, kMost);
    largest = std::max(largest, one.high);
    if (!one.series->job.run.quantizer.method && !full) full = &one;
    chart.series.push_back(one.series->first_job);
  }
  if (full) chart.caption += " Dashed: the median of full precision.";
  chart.caption += missing_words(data, experiment);
  chart.data = {{chart.name + ".tsv", table}};
  chart.width = 720 + 6 * static_cast<int>(left - kLeast);
  chart.height = 80 + 22 * static_cast<int>(times.size());
  chart.script = fmt::format(
      "data = {}\nset lmargin {}\nset ytics 1, 1, {}\nset format y ''\nset yrange [{}:0.4]\n"
      "set xrange [0:{:.6g}]\nset grid xtics\nset xlabel 'Time of a training step (ms)'\n"
      "set ylabel 'Method' offset -{}, 0\n{}",
      script_text(chart.data[0].first), left, times.size(), static_cast<double>(times.size()) + 0.6,
      largest * 1.12, left - 5, labels);
  if (full) {
    chart.script += fmt::format(
        "set arrow from {0:.6g}, graph 0 to {0:.6g}, graph 1 nohead dt (2, 2) lw 1.2 lc rgb "
        "'#404040'\n",
        full->middle);
  }
  chart.script +=
      "plot data skip 1 using 5:1:4:6 with xerrorbars pt 7 ps 0.6 lw 1.4 lc rgb '#000000', \\\n"
      "  data skip 1 using 6:1:(sprintf('%.1f', $5)) with labels left offset 1, 0 font SMALL\n";
  return chart;
}

}  // namespace

Charts time_charts(const SweepData& data) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    const auto times = times_of(data.of(experiment));
    if (times.empty()) {
      all.left_out.push_back({"Step time" + experiment_suffix(data, experiment),
                              "no completed run has recorded the time of a step"});
    } else {
      all.drawn.push_back(chart_of(data, experiment, times));
    }
  }
  return all;
}

}  // namespace laq::analysis
