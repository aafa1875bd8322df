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

const Axis& x_of(const Panels& body, std::size_t panel) {
  return body.panels[body.shared ? 0 : panel].x;
}

const Axis& y_of(const Panels& body, std::size_t panel) {
  return body.panels[body.shared ? 0 : panel].y;
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
  for (std::size_t i = 0; i < body.panels.size(); ++i) {
    for (const auto& tic : tics_of(y_of(body, i), grid.height, false))
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

// Curves that leave the range of the shared axis, and how far up.
std::string beyond(const Panel& panel, const Axis& y) {
  double most = y.high;
  for (const auto& curve : panel.curves) {
    for (const auto& point : curve.points)
      most = std::isfinite(point.y) ? std::max(most, point.y) : most;
  }
  return most > y.high ? fmt::format("▲ up to {:.3g}", most) : "";
}

std::vector<std::string> title_lines(const Panels& body, std::size_t i, const Grid& grid) {
  const double room = grid.inner + grid.right;
  auto lines = wrapped(body.panels[i].title, room, kFont);
  const std::string off = body.shared ? beyond(body.panels[i], y_of(body, i)) : "";
  if (!off.empty()) lines.push_back(off);
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

/// Draws one panel whose edges are these.
struct Frame {
  double left, top, right, bottom;
};

// Labels stand right of the panel, at the height of their curve's end.
void end_labels(const Panels& body, std::size_t panel, const Frame& frame, Canvas& canvas) {
  const Axis &x = x_of(body, panel), &y = y_of(body, panel);
  struct End {
    const Curve* curve;
    double x;
  };
  std::vector<End> ends;
  std::vector<double> at;
  for (const auto& curve : body.panels[panel].curves) {
    if (curve.label.empty()) continue;
    const auto last = std::find_if(curve.points.rbegin(), curve.points.rend(),
                                   [](const CurvePoint& point) { return std::isfinite(point.y); });
    if (last == curve.points.rend()) continue;
    const double shown = std::clamp(last->y, y.low, y.high);
    ends.push_back({&curve, place(x, last->x, frame.left, frame.right)});
    at.push_back(place(y, shown, frame.bottom, frame.top));
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
  const Axis& y = y_of(body, panel);
  std::vector<std::string> parts;
  if (body.context) {
    parts.push_back(
        fmt::format("for [i=1:{}] data skip 1 using ($1==i && $3==1 ? $5 : NaN):6 with "
                    "lines lt {} lw 0.8",
                    body.panels.size(), kContext));
  }
  const auto& curves = body.panels[panel].curves;
  // The first is the main one: it is drawn last.
  for (std::size_t c = curves.size(); c-- > 0;) {
    const Curve& curve = curves[c];
    const std::string mine = fmt::format("$1=={} && $3=={}", panel + 1, c + 1);
    const std::string data = fmt::format("data skip 1 using ({} ? $5 : NaN):", mine);
    if (curve.mark == Curve::Mark::bars) {
      parts.push_back(data + fmt::format("($6*{:.6g}):({:.6g}) with boxes fs solid 1 noborder lc "
                                         "rgb '#cfcfcf'",
                                         curve.factor, curve.bar_width));
    } else if (curve.mark == Curve::Mark::sticks) {
      parts.push_back(data + fmt::format("6 with impulses lt {} lw 1.8", curve.look));
      parts.push_back(data + fmt::format("6 with points lt {} ps 0.6", curve.look));
    } else {
      const bool sd = std::any_of(curve.points.begin(), curve.points.end(),
                                  [](const CurvePoint& point) { return std::isfinite(point.sd); });
      const bool room = width > kBarRoom * static_cast<double>(curve.points.size());
      if (sd && room && !body.context)
        parts.push_back(
            fmt::format("data skip 1 using ({} && $7==$7 ? $5 : NaN):6:7 with "
                        "yerrorbars lt {} dt 1 lw 1 ps 0",
                        mine, curve.look));
      const std::size_t every = curve.points.size() / kMarkers + 1;
      parts.push_back(data + fmt::format("6 with {} lt {} lw {}{}",
                                         curve.look == kLevel ? "lines" : "linespoints", curve.look,
                                         curve.look == kMain ? 1.6 : 1.2,
                                         curve.look == kLevel ? "" : fmt::format(" pi {}", every)));
      if (!body.shared) continue;
      for (const auto& [condition, edge, marker] :
           {std::tuple("$6>", y.high, 9), std::tuple("$6<", y.low, 11)}) {
        const bool any = std::any_of(
            curve.points.begin(), curve.points.end(),
            [&](const CurvePoint& p) { return marker == 9 ? p.y > y.high : p.y < y.low; });
        if (any)
          parts.push_back(
              fmt::format("data skip 1 using ({0} && {1}{2:.8g} ? $5 : NaN):({2:.8g}) "
                          "with points lt {3} pt {4} ps 0.6",
                          mine, condition, edge, curve.look, marker));
      }
    }
  }
  std::string text = "plot ";
  for (const auto& part : parts) text += (&part == parts.data() ? "" : ", \\\n  ") + part;
  return text + "\n";
}

}  // namespace

Drawing lay_out(const Panels& body, const std::string& table, int width) {
  Drawing drawing{.width = body.panels.size() == 1 ? std::min(width, kSingleWidth) : width,
                  .height = 0,
                  .table = table_of(body),
                  .script = ""};
  const Grid grid = grid_of(body, drawing.width);
  const std::size_t count = body.panels.size();

  // From the top: the y axis' words and the keys, then rows of titles and panels.
  const auto words = body.shared ? wrapped(y_of(body, 0).label, drawing.width - 2 * kEdge, kFont)
                                 : std::vector<std::string>();
  const double last_word = words.empty() ? kEdge : kEdge + text_width(words.back(), kFont) + 24;
  const auto keys = key_places(body.keys, last_word, drawing.width);
  const double first_key =
      kEdge + kLine * static_cast<double>(std::max<std::size_t>(words.size(), 1) - 1);
  double y = kEdge + kLine * static_cast<double>(words.size()) + 4;
  if (!keys.empty()) y = std::max(y, first_key + kLine * (keys.back().first + 1) + 4);
  const double below = body.shared ? 0 : kTics + kLine;
  std::vector<Frame> frames;
  for (std::size_t row = 0; row < grid.rows; ++row) {
    std::size_t lines = 0;
    const std::size_t end = std::min(count, (row + 1) * grid.columns);
    for (std::size_t i = row * grid.columns; i < end; ++i)
      lines = std::max(lines, title_lines(body, i, grid).size());
    y += kLine * static_cast<double>(lines) + 2;
    // Numbers below a column that ends in the row before.
    if (body.shared && row > 0 && row + 1 == grid.rows && count % grid.columns != 0) y += kTics;
    double x = kEdge + grid.left;
    for (std::size_t i = row * grid.columns; i < end; ++i) {
      frames.push_back({x, y, x + grid.inner, y + grid.height});
      x += grid.inner + grid.right + kGap + (body.shared ? 0 : grid.left);
    }
    y += grid.height + below + 8;
  }
  if (body.shared) y += kTics + kLine;
  drawing.height = static_cast<int>(std::ceil(y + kEdge - 4));

  Canvas canvas(drawing.width, drawing.height);
  canvas.lines(kEdge, kEdge + 6, words, kLine, "");
  for (std::size_t i = 0; i < keys.size(); ++i)
    canvas.key(body.keys[i], keys[i].second, first_key + 6 + kLine * keys[i].first);
  if (body.shared) {
    canvas.text((frames.front().left + frames.back().right) / 2, drawing.height - kEdge - 5,
                x_of(body, 0).label, "center", "");
  }
  canvas.script = fmt::format("data = {}\nset multiplot\n", script_text(table)) + canvas.script;
  for (std::size_t i = 0; i < count; ++i) {
    const Frame& frame = frames[i];
    const auto lines = title_lines(body, i, grid);
    canvas.panel(frame.left, frame.top, frame.right, frame.bottom);
    canvas.lines(frame.left, frame.top - 10.5 - kLine * static_cast<double>(lines.size() - 1),
                 lines, kLine, "");
    if (!body.shared)
      canvas.text((frame.left + frame.right) / 2, frame.bottom + kTics + 7, x_of(body, i).label,
                  "center");
    end_labels(body, i, frame, canvas);
    canvas.script +=
        axis_commands('x', x_of(body, i), grid.inner, body.shared && i + grid.columns < count) +
        axis_commands('y', y_of(body, i), grid.height, body.shared && i % grid.columns != 0) +
        plot_of(body, i, grid.inner) + "unset label\nunset arrow\nunset object\n";
  }
  canvas.script += "unset multiplot\n";
  drawing.script = std::move(canvas.script);
  return drawing;
}

}  // namespace laq::analysis
