#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/chart_layout.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kLeastInner = 112, kSingleInner = 250, kTics = 20, kLabelGap = 9, kGap = 14;
constexpr std::size_t kMostColumns = 4, kMarkers = 10;
constexpr int kSingleWidth = 620;
constexpr double kBarRoom = 20;  // for the bar of a standard deviation
// Columns of the table.
constexpr const char* kHead = "panel\ttitle\tcurve\tname\tx\ty\tsd\truns\n";

/// The grid of panels: all sizes in pixels.
struct Grid {
  std::size_t columns = 1, rows = 1;
  double left = 0, right = 0;  ///< beside a panel: numbers of the axis, labels of curves
  double inner = 0;            ///< width of a panel
  double height = 0;           ///< of a panel
};

std::vector<std::string> curve_labels(const Panel& panel) {
  std::vector<std::string> labels;
  for (const auto& curve : panel.curves) {
    if (!curve.label.empty() && !curve.points.empty()) labels.push_back(curve.label);
  }
  return labels;
}

Grid grid_of(const Panels& body, int width) {
  Grid grid;
  std::size_t most_labels = 0;
  double word = 0;
  for (const auto& panel : body.panels) {
    const auto labels = curve_labels(panel);
    most_labels = std::max(most_labels, labels.size());
    grid.right = std::max(grid.right, widest(labels, kSmall));
    word = std::max(word, widest(split(panel.title, ' '), kFont));
  }
  grid.right += grid.right > 0 ? kLabelGap : 4;
  const bool single = body.panels.size() == 1;
  grid.height = std::max(single ? kSingleInner : kLeastInner,
                         static_cast<double>(most_labels) * kSmallLine + 8);
  for (const auto& panel : body.panels) {
    for (const auto& tic : tics_of(panel.y, grid.height, false))
      grid.left = std::max(grid.left, text_width(tic.second, kSmall) + 10);
  }
  const auto inner = [&](std::size_t columns) {
    const auto n = static_cast<double>(columns);
    const double numbers = body.shared ? grid.left : n * grid.left;
    return (width - 2 * kEdge - numbers - n * grid.right - (n - 1) * kGap) / n;
  };
  std::size_t columns = std::min(kMostColumns, body.panels.size());
  while (columns > 1 && (inner(columns) < kLeastInner + 10 || inner(columns) + grid.right < word))
    --columns;
  grid.rows = (body.panels.size() + columns - 1) / columns;
  grid.columns = (body.panels.size() + grid.rows - 1) / grid.rows;
  grid.inner = inner(grid.columns);
  return grid;
}

// With how far up curves leave the range of a shared axis.
std::vector<std::string> title_lines(const Panels& body, const Panel& panel, const Grid& grid) {
  auto lines = wrapped(panel.title, grid.inner + grid.right, kFont);
  double most = panel.y.high;
  for (const auto& curve : panel.curves) {
    for (const auto& point : curve.points)
      most = std::isfinite(point.y) ? std::max(most, point.y) : most;
  }
  if (body.shared && most > panel.y.high) lines.push_back(fmt::format("▲ up to {:.3g}", most));
  return lines;
}

std::string table_of(const Panels& body) {
  std::string text = kHead;
  for (std::size_t p = 0; p < body.panels.size(); ++p) {
    for (std::size_t c = 0; c < body.panels[p].curves.size(); ++c) {
      const Curve& curve = body.panels[p].curves[c];
      for (const auto& point : curve.points) {
        text += fmt::format("{}\t{}\t{}\t{}\t{:.8g}\t{:.6g}\t{:.6g}\t{}\n", p + 1,
                            table_field(body.panels[p].title), c + 1, table_field(curve.name),
                            point.x, point.y, point.sd, point.runs);
      }
    }
  }
  return text;
}

/// The edges of a panel.
struct Frame {
  double left, top, right, bottom;
};

// Labels stand right of the panel, at the height of their curve's end.
void end_labels(const Panel& panel, const Frame& frame, Canvas& canvas) {
  struct End {
    const Curve* curve;
    double x;
  };
  std::vector<End> ends;
  std::vector<double> at;
  for (const auto& curve : panel.curves) {
    if (curve.label.empty()) continue;
    const auto last = std::find_if(curve.points.rbegin(), curve.points.rend(),
                                   [](const CurvePoint& point) { return std::isfinite(point.y); });
    if (last == curve.points.rend()) continue;
    const double shown = std::clamp(last->y, panel.y.low, panel.y.high);
    ends.push_back({&curve, place(panel.x, last->x, frame.left, frame.right)});
    at.push_back(place(panel.y, shown, frame.bottom, frame.top));
  }
  const auto placed = spread(at, kSmallLine, frame.top + 4, frame.bottom - 4);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (std::abs(placed[i] - at[i]) > 2 || frame.right - ends[i].x > 12)
      canvas.line(ends[i].x + 3, at[i], frame.right + kLabelGap - 3, placed[i],
                  "lw 0.6 lc rgb '#a0a0a0'");
    canvas.text(frame.right + kLabelGap - 1, placed[i], ends[i].curve->label, "left",
                fmt::format("font SMALL textcolor lt {}", ends[i].curve->look));
  }
}

std::string plot_of(const Panels& body, std::size_t panel, double width) {
  const Axis& y = body.panels[panel].y;
  std::vector<std::string> parts;
  if (body.context)
    parts.push_back(fmt::format("for [i=1:{}] data skip 1 using (x(i,1)):6 with lines lt {} lw 0.8",
                                body.panels.size(), kContext));
  const auto& curves = body.panels[panel].curves;
  // The first is the main one: it is drawn last.
  for (std::size_t c = curves.size(); c-- > 0;) {
    const Curve& curve = curves[c];
    const std::string mine = fmt::format("x({},{})", panel + 1, c + 1);
    const auto add = [&](const std::string& x, const std::string& rest) {
      parts.push_back(fmt::format("data skip 1 using ({}):{}", x, rest));
    };
    if (curve.mark == Curve::Mark::bars) {
      add(mine, fmt::format("($6*{:.6g}):({:.6g}) with boxes fs solid 1 noborder lc rgb '#cfcfcf'",
                            curve.factor, curve.bar_width));
      continue;
    }
    if (curve.mark == Curve::Mark::sticks) {
      add(mine, fmt::format("6 with impulses lt {} lw 1.8", curve.look));
      add(mine, fmt::format("6 with points lt {} ps 0.6", curve.look));
      continue;
    }
    const bool sd = std::any_of(curve.points.begin(), curve.points.end(),
                                [](const CurvePoint& point) { return std::isfinite(point.sd); });
    const bool room = width > kBarRoom * static_cast<double>(curve.points.size());
    if (sd && room && !body.context)
      add("$7==$7 ? " + mine + " : NaN",
          fmt::format("6:7 with yerrorbars lt {} dt 1 lw 1 ps 0", curve.look));
    const std::size_t every = curve.points.size() / kMarkers + 1;
    add(mine, curve.look == kLevel ? fmt::format("6 with lines lt {} lw 1.2", kLevel)
                                   : fmt::format("6 with linespoints lt {} lw {} pi {}", curve.look,
                                                 curve.look == kMain ? 1.6 : 1.2, every));
    if (body.shared && leaves(curve, y))
      add(mine, fmt::format("($6>{0:.8g} ? {0:.8g} : $6<{1:.8g} ? {1:.8g} : NaN):"
                            "($6>{0:.8g} ? 9 : 11) with points lt {2} pt variable ps 0.6",
                            y.high, y.low, curve.look));
  }
  return "plot " + join(parts, ", \\\n  ") + "\n";
}

}  // namespace

Drawing lay_out(const Panels& body, const std::string& table, int width) {
  const std::size_t count = body.panels.size();
  if (count == 1) width = std::min(width, kSingleWidth);
  const Grid grid = grid_of(body, width);
  Canvas canvas{fmt::format(
      "data = {}\nx(panel, curve) = column(1)==panel && column(3)==curve ? column(5) : NaN\n"
      "set multiplot\n",
      script_text(table))};

  // From the top: the y axis' words and the keys, then rows of titles and panels.
  const auto words = body.shared ? wrapped(body.panels[0].y.label, width - 2 * kEdge, kFont)
                                 : std::vector<std::string>();
  canvas.lines(kEdge, kEdge + 6, words, kLine, "");
  const double below_words = kEdge + kLine * static_cast<double>(words.size());
  const double last_word = words.empty() ? kEdge : kEdge + text_width(words.back(), kFont) + 24;
  double y = 4 + std::max(below_words, canvas.keys(body.keys, last_word,
                                                   std::max(kEdge, below_words - kLine), width));
  for (std::size_t row = 0; row < grid.rows; ++row) {
    const std::size_t first = row * grid.columns, end = std::min(count, first + grid.columns);
    std::size_t lines = 0;
    for (std::size_t i = first; i < end; ++i)
      lines = std::max(lines, title_lines(body, body.panels[i], grid).size());
    y += kLine * static_cast<double>(lines) + 2;
    // Numbers below a column that ends in the row before.
    if (body.shared && row > 0 && row + 1 == grid.rows && count % grid.columns != 0) y += kTics;
    Frame frame{kEdge + grid.left, y, 0, y + grid.height};
    for (std::size_t i = first; i < end; ++i) {
      const Panel& panel = body.panels[i];
      frame.right = frame.left + grid.inner;
      const auto title = title_lines(body, panel, grid);
      canvas.lines(frame.left, y - 10.5 - kLine * static_cast<double>(title.size() - 1), title,
                   kLine, "");
      if (!body.shared)
        canvas.text((frame.left + frame.right) / 2, frame.bottom + kTics + 7, panel.x.label,
                    "center");
      if (body.shared && i + 1 == count)
        canvas.text((kEdge + grid.left + frame.right) / 2, frame.bottom + kTics + kLine,
                    panel.x.label, "center", "");
      end_labels(panel, frame, canvas);
      canvas.panel(
          frame.left, frame.top, frame.right, frame.bottom,
          axis_commands('x', panel.x, grid.inner, body.shared && i + grid.columns < count) +
              axis_commands('y', panel.y, grid.height, body.shared && i != first),
          plot_of(body, i, grid.inner));
      frame.left = frame.right + grid.right + kGap + (body.shared ? 0 : grid.left);
    }
    y = frame.bottom + 8 + (body.shared ? 0 : kTics + kLine);
  }
  if (body.shared) y += kTics + kLine;
  return {width, static_cast<int>(std::ceil(y + kEdge - 4)), table_of(body),
          canvas.script + "unset multiplot\n"};
}

}  // namespace laq::analysis
