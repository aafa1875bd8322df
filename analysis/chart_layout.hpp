#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/chart.hpp"

/// From a chart to pixels: text is measured, so that none is cut or touches other text.
namespace laq::analysis {

inline constexpr int kWideWidth = 880;    ///< CSS pixels, 1/96 inch
inline constexpr int kNarrowWidth = 340;  ///< of a telephone's screen, without its margins
inline constexpr int kLeastWidth = 280, kMostWidth = 2000;

/// A chart for one width.
struct Drawing {
  int width = 0, height = 0;  ///< in CSS pixels; a chart of one panel may be narrower than asked
  std::string table;          ///< tab-separated, with a head line: what the script reads
  std::string script;         ///< gnuplot commands between the common prologue and the end
};

Drawing lay_out(const Chart& chart, int width);
/// Of one kind of chart, with the name of the table's file.
Drawing lay_out(const Panels& body, const std::string& table, int width);
Drawing lay_out(const MarkRows& body, const std::string& table, int width);

// What the two layouts share.

inline constexpr double kFont = 11, kSmall = 10;        ///< sizes of type
inline constexpr double kLine = 15, kSmallLine = 12.5;  ///< from one line to the next
inline constexpr double kEdge = 6;                      ///< free around a figure

/// Width of text in DejaVu Sans, or more: of characters beyond ASCII it is a bound.
double text_width(std::string_view text, double size);
/// Lines no wider than this; broken at spaces, and inside a word that is too wide alone.
std::vector<std::string> wrapped(const std::string& text, double width, double size);
/// Of these texts; 0 of none.
double widest(const std::vector<std::string>& texts, double size);

/// Where labels may stand without touching: moves `at` as little as may be, in order, so that
/// neighbours are `gap` apart, within [low, high] where they fit.
std::vector<double> spread(const std::vector<double>& at, double gap, double low, double high);

/// An axis over most of these ranges of a curve or a row. What lies several times beyond the rest
/// stays outside, so that one spike does not flatten all others. `from_zero`: linear, from 0.
Axis axis_over(const std::string& label, const std::vector<Interval>& extents,
               bool from_zero = false);

/// The value that this share of the others is below; there must be one.
double at_share(std::vector<double> values, double share);

double place(const Axis& axis, double value, double first, double last);

/// (value, label), as many as fit into these pixels: below a panel, or beside it.
std::vector<std::pair<double, std::string>> tics_of(const Axis& axis, double pixels,
                                                    bool horizontal);
/// Whether any of its points is beyond the axis.
bool leaves(const Curve& curve, const Axis& y);

/// "set xtics (…)" and the range; without labels when `bare`.
std::string axis_commands(char name, const Axis& axis, double pixels, bool bare);

/// A gnuplot string, whatever the text holds.
std::string script_text(std::string_view text);
/// Text as a field of a figure's table.
std::string table_field(const std::string& text);

/// The commands of a figure; places in pixels, as style.gp's X and Y take them.
struct Canvas {
  std::string script;

  /// Centred on y; `align`: left, center or right; `more`: of gnuplot's label.
  void text(double x, double y, const std::string& text, const std::string& align = "left",
            const std::string& more = "font SMALL");
  void lines(double x, double y, const std::vector<std::string>& lines, double step,
             const std::string& more = "font SMALL");
  void line(double x0, double y0, double x1, double y1, const std::string& style);
  /// Side by side from (x, y) on, in as many lines as this width needs. Returns y below them.
  double keys(const std::vector<Key>& keys, double x, double y, double width);
  /// A panel with these edges and axes; `plot`: what is in it. What was written before is drawn
  /// with it.
  void panel(double left, double top, double right, double bottom, const std::string& axes,
             const std::string& plot);
};

}  // namespace laq::analysis
