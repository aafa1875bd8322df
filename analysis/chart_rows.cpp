#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "analysis/chart_layout.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kLeastInner = 120, kMostShare = 0.42, kGap = 16, kTics = 20;
constexpr double kRow = 14, kHeadGap = 5;
constexpr std::size_t kMostPanels = 4;

// Whether one of these panels has a mark there.
bool shown(const MarkRow& row, std::size_t first, std::size_t last) {
  const auto marks = std::span(row.marks).subspan(first, last - first);
  return std::ranges::any_of(marks, [](const auto& mark) { return mark.has_value(); });
}

/// Widths in pixels.
struct Columns {
  bool above = false;  ///< labels have lines of their own
  double left = 0, inner = 0, text = 0;
  std::size_t side_by_side = 1;
};

Columns columns_of(const MarkRows& body, int width) {
  std::vector<std::string> labels, texts;
  for (const auto& row : body.rows) {
    if (row.head || !shown(row, 0, body.panels.size())) continue;
    labels.push_back(row.label);
    for (const auto& mark : row.marks) {
      if (mark) texts.push_back(mark->text);
    }
  }
  Columns columns;
  columns.text = widest(texts, kSmall);
  columns.text += columns.text > 0 ? 8 : 0;
  columns.left = kEdge + widest(labels, kSmall) + 10;
  const auto inner = [&](std::size_t n) {
    const auto count = static_cast<double>(n);
    return (width - columns.left - kEdge - (count - 1) * kGap) / count - columns.text;
  };
  columns.above = columns.left > kMostShare * width || inner(1) < kLeastInner;
  if (columns.above) columns.left = kEdge + 8;
  columns.side_by_side = std::min(kMostPanels, body.panels.size());
  while (columns.side_by_side > 1 && inner(columns.side_by_side) < kLeastInner)
    --columns.side_by_side;
  columns.inner = inner(columns.side_by_side);
  return columns;
}

/// A row and the middle of its marks.
using Placed = std::pair<const MarkRow*, double>;

// Writes the names of the rows that these panels have, from y on, each head above the first one
// below it. y is moved to the end.
std::vector<Placed> place_rows(const MarkRows& body, std::size_t first, std::size_t last,
                               const Columns& columns, int width, double& y, Canvas& canvas) {
  const std::string style = "font SMALL textcolor rgb '#505050'";
  std::vector<Placed> rows;
  const MarkRow* head = nullptr;
  for (const auto& row : body.rows) {
    if (row.head) head = &row;
    if (row.head || !shown(row, first, last)) continue;
    if (head) {
      y += kHeadGap;
      const auto lines = wrapped(head->label, width - 2 * kEdge, kSmall);
      canvas.lines(kEdge, y + kSmallLine / 2, lines, kSmallLine);
      y += kSmallLine * static_cast<double>(lines.size()) + 1;
      head = nullptr;
    }
    if (columns.above) {
      canvas.text(columns.left, y + kSmallLine / 2, row.label, "left", style);
      y += kSmallLine;
    } else {
      canvas.text(columns.left - 8, y + kRow / 2, row.label, "right", style);
    }
    rows.emplace_back(&row, y + kRow / 2);
    y += kRow;
  }
  return rows;
}

std::string table_of(const MarkRows& body) {
  std::string text = "panel\trow\tdataset\t" + join(body.columns, "\t") +
                     "\tvalue\tlow\thigh\tallowed_low\tallowed_high\tlook\n";
  for (std::size_t p = 0; p < body.panels.size(); ++p) {
    for (std::size_t r = 0; r < body.rows.size(); ++r) {
      if (body.rows[r].head || !body.rows[r].marks[p]) continue;
      const RowMark& mark = *body.rows[r].marks[p];
      std::vector<std::string> fields;
      for (const auto& field : mark.columns) fields.push_back(table_field(field));
      text += fmt::format("{}\t{}\t{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{}\n", p + 1,
                          r + 1, table_field(body.panels[p].title), join(fields, "\t"), mark.value,
                          mark.low, mark.high, mark.allowed_low, mark.allowed_high, mark.look);
    }
  }
  return text;
}

std::string plot_of(const MarkRows& body, std::size_t panel) {
  const auto column = [&](std::size_t i) { return body.columns.size() + 4 + i; };  // 0: value
  const std::string mine = fmt::format("$1=={}", panel + 1),
                    y = fmt::format("({} ? ROW[$2] : NaN)", mine);
  std::string text = fmt::format(
      "plot data skip 1 using ((at(${0})+at(${1}))/2):{2}:(at(${0})):(at(${1})):(ROW[$2]-6.5):"
      "(ROW[$2]+6.5) with boxxyerror fs solid noborder lc rgb '#dbe6f2'",
      column(3), column(4), y);
  for (const std::size_t end : {1, 2}) {
    text += fmt::format(
        ", \\\n  data skip 1 using (at(${0})):{1}:(at(${2})-at(${0})):(0):(strcol({2}) eq 'nan' ? "
        "1 : ${2}<LOW || ${2}>HIGH ? 2 : 1) with vectors arrowstyle variable",
        column(0), y, column(end));
  }
  std::vector<Look> looks;
  for (const auto& row : body.rows) {
    if (row.head || !row.marks[panel]) continue;
    const Look look = row.marks[panel]->look;
    if (std::find(looks.begin(), looks.end(), look) == looks.end()) looks.push_back(look);
  }
  for (const Look look : looks) {
    text += fmt::format(
        ", \\\n  data skip 1 using (inside(${0})):({1} && ${2}=={3} ? ROW[$2] : NaN) with points "
        "lt "
        "{3} "
        "ps 0.7"
        ", \\\n  data skip 1 using (outside(${0})):({1} && ${2}=={3} ? ROW[$2] : NaN) with points "
        "lt "
        "{3} "
        "pt 9 ps 0.8",
        column(0), mine, column(5), look);
  }
  return text + "\n";
}

// The range's ends, and how a value becomes a place.
std::string functions(const Axis& axis) {
  const std::string way = axis.scale == Axis::Scale::asinh ? "asinh" : "";
  return fmt::format(
      "LOW = {:.8g}\nHIGH = {:.8g}\nat(v) = {}(v<LOW ? LOW : v>HIGH ? HIGH : v)\n"
      "inside(v) = v>=LOW && v<=HIGH ? at(v) : NaN\n"
      "outside(v) = v<LOW || v>HIGH ? at(v) : NaN\n",
      axis.low, axis.high, way);
}

}  // namespace

Drawing lay_out(const MarkRows& body, const std::string& table, int width) {
  const Columns columns = columns_of(body, width);
  const double room = columns.inner + columns.text;
  const std::size_t count = body.panels.size();
  Canvas canvas{
      fmt::format("data = {}\narray ROW[{}]\nset grid noytics xtics\nset border 1\nset multiplot\n",
                  script_text(table), body.rows.size())};
  double y = canvas.keys(body.keys, kEdge, kEdge, width);
  for (std::size_t first = 0; first < count; first += columns.side_by_side) {
    const std::size_t last = std::min(first + columns.side_by_side, count);
    const double above = y;
    std::size_t title_lines = 0, label_lines = 0;
    for (std::size_t p = first; p < last; ++p) {
      title_lines = std::max(title_lines, wrapped(body.panels[p].title, room, kFont).size());
      label_lines = std::max(label_lines, wrapped(body.panels[p].x.label, room, kSmall).size());
    }
    y += kLine * static_cast<double>(title_lines) + 4;
    const double top = y;
    const auto rows = place_rows(body, first, last, columns, width, y, canvas);
    const double bottom = y + 3;
    y = bottom + kTics + kSmallLine * static_cast<double>(label_lines) + 10;
    // Rows count downwards, in pixels.
    for (const auto& [row, at] : rows)
      canvas.script += fmt::format("ROW[{}] = {:.2f}\n", row - body.rows.data() + 1, at - top);
    if (last == count) {
      const auto note = wrapped(body.note, width - 2 * kEdge, kSmall);
      canvas.lines(kEdge, y + 2, note, kSmallLine);
      y += kSmallLine * static_cast<double>(note.size());
    }
    for (std::size_t p = first; p < last; ++p) {
      const RowPanel& panel = body.panels[p];
      const double left = columns.left + static_cast<double>(p - first) * (room + kGap);
      const double right = left + columns.inner;
      canvas.lines(left, above + 7, wrapped(panel.title, room, kFont), kLine, "");
      canvas.lines(left, bottom + kTics + 6, wrapped(panel.x.label, room, kSmall), kSmallLine);
      for (const auto& [row, at] : rows) {
        if (row->marks[p]) canvas.text(right + 8, at, row->marks[p]->text);
        for (const auto& [value, look] : panel.lines) {
          const double x = place(panel.x, value, left, right);
          canvas.line(x, at - kRow / 2, x, at + kRow / 2, fmt::format("front lt {} lw 0.9", look));
        }
      }
      canvas.panel(left, top, right, bottom,
                   functions(panel.x) +
                       fmt::format("set yrange [{:.2f}:0]\nunset ytics\n", bottom - top) +
                       axis_commands('x', panel.x, columns.inner, false),
                   plot_of(body, p));
    }
  }
  return {width, static_cast<int>(std::ceil(y)), table_of(body),
          canvas.script + "unset multiplot\n"};
}

}  // namespace laq::analysis
