#include "analysis/chart_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "analysis/unicode.hpp"
#include "analysis/wording.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

// Advance widths of DejaVu Sans in thousandths of its size, from U+0020 to U+007E.
constexpr std::array<int, 95> kAdvance = {
    317, 400, 459, 837, 636, 950, 779, 274, 390, 390, 500, 837, 317, 360,  317, 336, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 336, 336, 837, 837, 837, 530, 1000, 684, 686, 698, 770, 631,
    575, 774, 751, 294, 294, 655, 557, 862, 748, 787, 603, 787, 694, 634,  610, 731, 684, 988, 685,
    610, 685, 390, 336, 390, 837, 500, 500, 612, 634, 549, 634, 615, 352,  634, 633, 277, 277, 579,
    277, 974, 633, 611, 634, 634, 411, 520, 392, 633, 591, 817, 591, 591,  524, 636, 336, 636, 837};
constexpr int kGreek = 790, kSign = 840, kWidest = 1080;

constexpr double kWideRange = 25;  // times as high as low: the axis becomes logarithmic
constexpr double kSpike = 2;       // times as high as the middle one: may stay outside
constexpr double kPays = 3;        // … when the axis then is this many times as fine

constexpr double kKeySample = 26, kKeyGap = 18;

int advance(char32_t c) {
  if (c >= 0x20 && c < 0x7F) return kAdvance[c - 0x20];
  if (c >= 0x370 && c < 0x400) return kGreek;
  return c >= 0x2000 && c < 0x2300 ? (c == 0x2026 || c == 0x2014 ? 1000 : kSign) : kWidest;
}

double transformed(const Axis& axis, double value) {
  return axis.scale == Axis::Scale::logarithmic ? std::log(value)
         : axis.scale == Axis::Scale::asinh     ? std::asinh(value)
                                                : value;
}

// The highest end that is not a spike.
double kept_high(const std::vector<Interval>& extents, double low) {
  std::vector<double> ends;
  for (const auto& one : extents) ends.push_back(one.high);
  const double most = *std::max_element(ends.begin(), ends.end());
  const double common = at_share(ends, 0.5);
  if (extents.size() < 3 || common <= 0) return most;
  const double spread = at_share(ends, 0.75) / std::max(at_share(ends, 0.25), 1e-300);
  const double fence = common * std::max(kSpike, spread * spread);
  double high = low;
  for (const double end : ends) high = end <= fence ? std::max(high, end) : high;
  return most - low > kPays * (high - low) ? high : most;
}

std::string number_text(double value) {
  return typographic(fmt::format("{:.6g}", value == 0 ? 0.0 : value));  // never -0
}

using Values = std::vector<double>;

Values round_numbers(double low, double high, double step) {
  Values values;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) + 1e-12; ++i)
    values.push_back(i * step);
  return values;
}

Values of_decades(double low, double high, const Values& digits, int every) {
  Values values;
  const int first = static_cast<int>(std::floor(std::log10(low)));
  for (int decade = first; std::pow(10.0, decade) <= high; ++decade) {
    if (decade % every != 0) continue;
    for (const double digit : digits) values.push_back(digit * std::pow(10.0, decade));
  }
  return values;
}

// Places of tics, from the finest to the coarsest; some may be outside.
std::vector<Values> candidates(const Axis& axis) {
  std::vector<Values> all;
  if (!axis.places.empty()) {
    for (std::size_t every = 1; every <= axis.places.size(); ++every) {
      Values& values = all.emplace_back();
      for (std::size_t i = 0; i < axis.places.size(); i += every) values.push_back(axis.places[i]);
    }
    return all;
  }
  if (axis.scale == Axis::Scale::asinh)
    return {{-100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100},
            {-100, -10, -1, 0, 1, 10, 100},
            {-10, 0, 10}};
  if (axis.scale == Axis::Scale::logarithmic && axis.high / axis.low > 10) {
    for (const Values& digits : {Values{1, 2, 5}, Values{1, 3}, Values{1}})
      all.push_back(of_decades(axis.low, axis.high, digits, 1));
    for (const int every : {2, 3, 5}) all.push_back(of_decades(axis.low, axis.high, {1}, every));
    return all;
  }
  const double unit = std::pow(10.0, std::floor(std::log10(axis.high - axis.low)) - 1);
  for (const double step : {2.0, 5.0, 10.0, 20.0, 50.0, 100.0}) {
    if (axis.whole && step * unit < 1) continue;
    all.push_back(round_numbers(axis.low, axis.high, step * unit));
  }
  return all;
}

std::string at(double x, double y) {
  return fmt::format("screen X({:.2f}), screen Y({:.2f})", x, y);
}

}  // namespace

Drawing lay_out(const Chart& chart, int width) {
  return std::visit([&](const auto& body) { return lay_out(body, chart.name + ".tsv", width); },
                    chart.body);
}

double text_width(std::string_view text, double size) {
  double width = 0;
  for (const char32_t c : decode_utf8(text)) width += advance(c);
  return width * size / 1000;
}

std::vector<std::string> wrapped(const std::string& text, double width, double size) {
  std::vector<std::string> lines;
  std::string line;
  for (const auto& word : split(text, ' ')) {
    const std::string longer = line.empty() ? word : line + " " + word;
    if (text_width(longer, size) <= width) {
      line = longer;
      continue;
    }
    if (!line.empty()) lines.push_back(line);
    line.clear();
    for (const char32_t c : decode_utf8(word)) {
      const std::string next = line + encode_utf8({&c, 1});
      if (!line.empty() && text_width(next, size) > width) lines.push_back(std::exchange(line, ""));
      line += encode_utf8({&c, 1});
    }
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

double widest(const std::vector<std::string>& texts, double size) {
  double most = 0;
  for (const auto& text : texts) most = std::max(most, text_width(text, size));
  return most;
}

std::vector<double> spread(const std::vector<double>& at, double gap, double low, double high) {
  std::vector<std::size_t> order(at.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return at[a] < at[b]; });
  // Labels that touch form a block around the mean of their places; blocks that touch merge.
  struct Block {
    std::size_t first, count;
    double centre;
  };
  std::vector<Block> blocks;
  const auto bounded = [&](double centre, std::size_t count) {
    const double half = gap * static_cast<double>(count - 1) / 2;
    return std::max(std::min(centre, high - half), low + half);
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    blocks.push_back({i, 1, bounded(at[order[i]], 1)});
    while (blocks.size() > 1) {
      Block& before = blocks[blocks.size() - 2];
      const Block& last = blocks.back();
      const double half = gap * static_cast<double>(before.count + last.count) / 2;
      if (last.centre - before.centre >= half) break;
      before.count += last.count;
      double sum = 0;
      for (std::size_t j = 0; j < before.count; ++j) sum += at[order[before.first + j]];
      before.centre = bounded(sum / static_cast<double>(before.count), before.count);
      blocks.pop_back();
    }
  }
  std::vector<double> placed(at.size());
  for (const auto& block : blocks) {
    for (std::size_t j = 0; j < block.count; ++j) {
      const double offset = static_cast<double>(j) - static_cast<double>(block.count - 1) / 2;
      placed[order[block.first + j]] = block.centre + gap * offset;
    }
  }
  return placed;
}

Axis axis_over(const std::string& label, const std::vector<Interval>& extents, bool from_zero) {
  Axis axis{.label = label};
  if (extents.empty()) return axis;
  axis.low = from_zero ? 0 : extents.front().low;
  for (const auto& one : extents) axis.low = std::min(axis.low, one.low);
  axis.high = kept_high(extents, axis.low);
  if (!from_zero && axis.low > 0 && axis.high / axis.low > kWideRange) {
    axis.scale = Axis::Scale::logarithmic;
    const double margin = std::pow(axis.high / axis.low, 0.05);
    axis.low /= margin;
    axis.high *= margin;
    return axis;
  }
  const double size =
      axis.high > axis.low ? axis.high - axis.low : std::max(std::abs(axis.high), 1e-3);
  const bool positive = axis.low >= 0;
  axis.low = from_zero ? axis.low : axis.low - 0.06 * size;
  if (positive) axis.low = std::max(axis.low, 0.0);
  axis.high += 0.06 * size;
  return axis;
}

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(
      std::lround(share * static_cast<double>(values.size() - 1)))];
}

double place(const Axis& axis, double value, double first, double last) {
  const double low = transformed(axis, axis.low), high = transformed(axis, axis.high);
  return first + (transformed(axis, value) - low) / (high - low) * (last - first);
}

std::vector<std::pair<double, std::string>> tics_of(const Axis& axis, double pixels,
                                                    bool horizontal) {
  std::vector<std::pair<double, std::string>> tics;
  const auto touch = [&](const auto& one, const auto& next) {
    const double words = text_width(one.second, kSmall) + text_width(next.second, kSmall);
    const double gap = place(axis, next.first, 0, pixels) - place(axis, one.first, 0, pixels);
    return gap < (horizontal ? words / 2 + 10 : 22);
  };
  for (const auto& values : candidates(axis)) {
    tics.clear();
    for (const double value : values) {
      const double at = place(axis, value, 0, 1);
      if (at > -1e-9 && at < 1 + 1e-9) tics.emplace_back(value, number_text(value));
    }
    if (std::ranges::adjacent_find(tics, touch) == tics.end()) return tics;
  }
  if (tics.size() > 1) tics.resize(1);
  return tics;
}

bool leaves(const Curve& curve, const Axis& y) {
  return std::any_of(curve.points.begin(), curve.points.end(),
                     [&](const CurvePoint& point) { return point.y > y.high || point.y < y.low; });
}

std::string axis_commands(char name, const Axis& axis, double pixels, bool bare) {
  std::string list;
  const auto at = [&](double value) {
    return axis.scale == Axis::Scale::asinh ? std::asinh(value) : value;
  };
  for (const auto& [value, label] : tics_of(axis, pixels, name == 'x'))
    list += fmt::format("{}'{}' {:.8g}", list.empty() ? "" : ", ", bare ? "" : label, at(value));
  return fmt::format(
      "set {0}range [{1:.8g}:{2:.8g}]\n{3} logscale {0}\nset {0}tics ({4}) font SMALL{5}\n", name,
      at(axis.low), at(axis.high), axis.scale == Axis::Scale::logarithmic ? "set" : "unset", list,
      name == 'x' ? " offset 0, 0.5" : "");
}

// Doubled quotes would do, but gnuplot takes a text that begins with them for two.
std::string script_text(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'.\"'\".'" : std::string(1, c);
  return result + "'";
}

std::string table_field(const std::string& text) {
  return quoted_field(text, '\t');
}

void Canvas::text(double x, double y, const std::string& text, const std::string& align,
                  const std::string& more) {
  script += fmt::format("set label {} at {} {} {}\n", script_text(text), at(x, y), align, more);
}

void Canvas::lines(double x, double y, const std::vector<std::string>& lines, double step,
                   const std::string& more) {
  for (const auto& line : lines) {
    text(x, y, line, "left", more);
    y += step;
  }
}

void Canvas::line(double x0, double y0, double x1, double y1, const std::string& style) {
  script += fmt::format("set arrow from {} to {} nohead {}\n", at(x0, y0), at(x1, y1), style);
}

double Canvas::keys(const std::vector<Key>& keys, double x, double y, double width) {
  for (const auto& [look, words] : keys) {
    const double need = kKeySample + text_width(words, kSmall);
    if (x > kEdge && x + need > width - kEdge) {
      y += kLine;
      x = kEdge;
    }
    const double middle = y + 6;
    if (look == kBars || look == kAllowed) {
      script += fmt::format(
          "set object rectangle from {} to {} fillstyle solid noborder fillcolor rgb '{}'\n",
          at(x, middle + 5), at(x + 20, middle - 5), look == kBars ? "#cfcfcf" : "#dbe6f2");
    } else {
      if (look < kSupported || look > kUndecided)
        line(x, middle, x + 20, middle, fmt::format("lt {} lw 1.4", look));
      if (look != kContext && look != kLevel)
        script += fmt::format("set label '' at {} point lt {} ps 0.6\n", at(x + 10, middle), look);
    }
    text(x + kKeySample, middle, words);
    x += need + kKeyGap;
  }
  return keys.empty() ? y : y + kLine;
}

void Canvas::panel(double left, double top, double right, double bottom, const std::string& axes,
                   const std::string& plot) {
  script += fmt::format(
      "set lmargin at screen X({:.2f})\nset rmargin at screen X({:.2f})\n"
      "set tmargin at screen Y({:.2f})\nset bmargin at screen Y({:.2f})\n"
      "{}{}unset label\nunset arrow\nunset object\n",
      left, right, top, bottom, axes, plot);
}

}  // namespace laq::analysis
