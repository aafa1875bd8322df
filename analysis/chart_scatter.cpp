#include "analysis/chart_scatter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr int kWidth = 880, kHeight = 440;
constexpr int kLeft = 66, kRight = 16, kTop = 16, kBottom = 52;
constexpr double kLabelGap = 13;     // pixels between lines of text
constexpr double kLabelPlace = 14;   // pixels from a dot to its label
constexpr double kLabelWidth = 110;  // pixels kept free right of the last dots

/// From values to pixels.
struct Scale {
  double low, high;
  bool logarithmic;
  double first, last;  // pixels of low and high

  double pixel(double value) const {
    const auto at = [&](double x) { return logarithmic ? std::log(x) : x; };
    return first + (at(value) - at(low)) / (at(high) - at(low)) * (last - first);
  }
};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool logarithmic() const { return low > 0 && high / low > kWideRange; }
  /// With a margin on both sides, as a share of the range.
  void widen(double share, bool by_factor) {
    const double size = high > low ? high - low : std::max(std::abs(high), 1.0) * 0.1;
    const double factor = high > low ? std::pow(high / low, share) : 1.1;
    low = by_factor ? low / factor : low - share * size;
    high = by_factor ? high * factor : high + share * size;
  }
};

Scale y_scale(const std::vector<Dot>& dots, const std::vector<Level>& levels) {
  Range range;
  for (const auto& dot : dots) {
    const double sd = dot.value.sd.value_or(0);
    range.add(dot.value.mean - sd);
    range.add(dot.value.mean + sd);
  }
  for (const auto& level : levels) range.add(level.value);
  const bool logarithmic = range.logarithmic();
  range.widen(0.08, logarithmic);
  return {range.low, range.high, logarithmic, kBottom, kHeight - kTop};
}

Scale x_scale(const ScatterAxis& axis, const std::vector<Dot>& dots) {
  Range range;
  for (const auto& dot : dots) range.add(dot.x);
  const bool logarithmic = axis.logarithmic && range.low > 0;
  range.widen(0.08, logarithmic);
  // The labels of the last dots stand to their right.
  const double share = kLabelWidth / (kWidth - kLeft - kRight - kLabelWidth);
  const double high = logarithmic ? range.high * std::pow(range.high / range.low, share)
                                  : range.high + share * (range.high - range.low);
  return {range.low, high, logarithmic, kLeft, kWidth - kRight};
}

std::vector<std::string> lanes_of(const std::vector<Dot>& dots) {
  std::vector<std::string> lanes;
  for (const auto& dot : dots) {
    if (std::find(lanes.begin(), lanes.end(), dot.lane) == lanes.end()) lanes.push_back(dot.lane);
  }
  return lanes;
}

std::string lane_label(const std::vector<Dot>& dots, const std::string& lane) {
  std::vector<std::string> labels;
  for (const auto& dot : dots) {
    if (dot.lane == lane) labels.push_back(dot.series->honest_label());
  }
  return common_label(labels);
}

std::string table_of(const ScatterAxis& axis, const std::vector<Dot>& dots,
                     const std::vector<std::string>& lanes) {
  std::string text = fmt::format("line\tmethod\t{}\truns\tmean\tsd\n", axis.column);
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    std::vector<const Dot*> along;
    for (const auto& dot : dots) {
      if (dot.lane == lanes[lane]) along.push_back(&dot);
    }
    std::stable_sort(along.begin(), along.end(),
                     [](const Dot* a, const Dot* b) { return a->x < b->x; });
    for (const auto* dot : along) {
      text += fmt::format("{}\t{}\t{:.8g}\t{}\t{:.8g}\t{}\n", lane + 1,
                          table_field(dot->series->label), dot->x, dot->value.n, dot->value.mean,
                          dot->value.sd ? fmt::format("{:.6g}", *dot->value.sd) : "nan");
    }
  }
  return text;
}

// The labels stand at the last dot of each lane, spread out among those of the same x.
std::string labels_of(const std::vector<Dot>& dots, const Scale& x, const Scale& y) {
  std::vector<const Dot*> ends;
  for (const auto& lane : lanes_of(dots)) {
    const Dot* end = nullptr;
    for (const auto& dot : dots) {
      if (dot.lane == lane && (!end || dot.x > end->x)) end = &dot;
    }
    ends.push_back(end);
  }
  std::string text;
  while (!ends.empty()) {
    std::vector<const Dot*> here;
    const double column = ends.front()->x;
    for (const auto* dot : ends) {
      if (dot->x == column) here.push_back(dot);
    }
    std::erase_if(ends, [&](const Dot* dot) { return dot->x == column; });
    std::vector<double> at;
    for (const auto* dot : here) at.push_back(y.pixel(dot->value.mean));
    const auto placed = spread(at, kLabelGap, kBottom + kLabelGap, kHeight - kTop - kLabelGap);
    for (std::size_t i = 0; i < here.size(); ++i) {
      const double from = x.pixel(column);
      text += fmt::format(
          "set arrow from screen {:.5f}, screen {:.5f} to screen {:.5f}, screen {:.5f} nohead lw "
          "0.6 lc rgb '#909090'\nset label {} at screen {:.5f}, screen {:.5f} left font SMALL\n",
          (from + 4) / kWidth, at[i] / kHeight, (from + kLabelPlace - 2) / kWidth,
          placed[i] / kHeight, script_text(lane_label(dots, here[i]->lane)),
          (from + kLabelPlace) / kWidth, placed[i] / kHeight);
    }
  }
  return text;
}

// Where no dot stands.
double between_first(const ScatterAxis& axis) {
  return axis.tics.size() < 2 ? axis.tics.front().first
                              : (axis.tics[0].first + axis.tics[1].first) / 2;
}

std::string tics_of(const ScatterAxis& axis) {
  std::string text;
  for (const auto& [at, label] : axis.tics)
    text += fmt::format("{}{} {:.8g}", text.empty() ? "" : ", ", script_text(label), at);
  return text;
}

}  // namespace

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
  return common.empty() ? labels.back() : join(common);
}

std::vector<Dot> dots_of(const SweepData& data, const std::string& experiment) {
  std::vector<Dot> dots;
  for (const auto* series : data.of(experiment)) {
    const auto values = series->finals(metric_name(data.metric(experiment)));
    if (!values.empty()) dots.push_back({series, 0, summarize(values), ""});
  }
  return dots;
}

void draw_scatter(const ScatterAxis& axis, const std::vector<Dot>& dots,
                  const std::vector<Level>& levels, Chart& chart) {
  const auto lanes = lanes_of(dots);
  const Scale x = x_scale(axis, dots), y = y_scale(dots, levels);
  chart.width = kWidth;
  chart.height = kHeight;
  chart.data.emplace_back(chart.name + ".tsv", table_of(axis, dots, lanes));
  for (const auto& dot : dots) chart.series.push_back(dot.series->first_job);
  chart.script = fmt::format(
      "data = {}\nset lmargin at screen {:.5f}\nset rmargin at screen {:.5f}\n"
      "set bmargin at screen {:.5f}\nset tmargin at screen {:.5f}\n"
      "set xrange [{:.8g}:{:.8g}]\nset yrange [{:.8g}:{:.8g}]\nset xtics ({})\n"
      "set xlabel {}\nset ylabel {}\n",
      script_text(chart.data.back().first), x.first / kWidth, x.last / kWidth, y.first / kHeight,
      y.last / kHeight, x.low, x.high, y.low, y.high, tics_of(axis), script_text(axis.label),
      script_text(metric_label(metric_of(dots.front().series->job.run))));
  if (x.logarithmic) chart.script += "set logscale x\n";
  if (y.logarithmic) chart.script += "set logscale y\n";
  std::string plot;
  for (const auto& level : levels) {
    chart.script +=
        fmt::format("set label {} at first {:.8g}, first {:.8g} center offset 0, 0.6 font SMALL\n",
                    script_text(level.label), between_first(axis), level.value);
    plot += fmt::format("{:.8g} with lines dt (8, 4) lw 1.4 lc rgb '#404040', \\\n  ", level.value);
  }
  chart.script += labels_of(dots, x, y);
  chart.script += "plot " + plot;
  for (std::size_t i = 1; i <= lanes.size(); ++i) {
    chart.script += fmt::format(
        "data skip 1 using ($1=={0} ? $3 : NaN):5 with linespoints lt {0} lw 1.3 ps 0.7, \\\n"
        "  data skip 1 using ($1=={0} && $6==$6 ? $3 : NaN):5:6 with yerrorbars lt {0} dt 1 lw 1 "
        "ps 0{1}",
        i, i < lanes.size() ? ", \\\n  " : "\n");
  }
}

}  // namespace laq::analysis
