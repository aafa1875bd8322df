#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/chart_layout.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr double kLeastInner = 120, kMostShare = 0.42, kGap = 16, kTics = 20;
constexpr double kRow = 14, kHeadGap = 5;
constexpr std::size_t kMostPanels = 4;

bool shown(const MarkRow& row, std::size_t first, std::size_t last) {
  for (std::size_t p = first; p < last; ++p) {
    if (row.marks[p]) return true;
  }
  return false;
}

/// A row in its place in a block.
struct Placed {
  const MarkRow* row;
  double y;                        ///< of its marks; of the first line of a head
  std::vector<std::string> lines;  ///< of a head
};

/// Panels side by side and the rows that some of them have.
struct Block {
  std::size_t first = 0, last = 0;  ///< panels
  std::vector<Placed> rows;
  std::vector<std::vector<std::string>> titles;
  double top = 0, panel_top = 0, panel_bottom = 0;
};

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

// The rows below a head, or before the first one, and that head.
void place_rows(const MarkRows& body, const Columns& columns, int width, Block& block) {
  double y = block.panel_top;
  const MarkRow* head = nullptr;
  for (const auto& row : body.rows) {
    if (row.head) head = &row;
    if (row.head || !shown(row, block.first, block.last)) continue;
    if (head) {
      y += kHeadGap;
      const auto lines = wrapped(head->label, width - 2 * kEdge, kSmall);
      block.rows.push_back({head, y + kSmallLine / 2, lines});
      y += kSmallLine * static_cast<double>(lines.size()) + 1;
      head = nullptr;
    }
    if (columns.above) y += kSmallLine;
    block.rows.push_back({&row, y + kRow / 2, {}});
    y += kRow;
  }
  block.panel_bottom = y + 3;
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
                    y = fmt::format("({} ? Y[$2] : NaN)", mine);
  std::string text = fmt::format(
      "plot data skip 1 using ((at(${0})+at(${1}))/2):{2}:(at(${0})):(at(${1})):(Y[$2]-6.5):"
      "(Y[$2]+6.5) with boxxyerror fs solid noborder lc rgb '#dbe6f2'",
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
        ", \\\n  data skip 1 using (inside(${0})):({1} && ${2}=={3} ? Y[$2] : NaN) with points lt "
        "{3} "
        "ps 0.7"
        ", \\\n  data skip 1 using (outside(${0})):({1} && ${2}=={3} ? Y[$2] : NaN) with points lt "
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
  Drawing drawing{.width = width, .height = 0, .table = table_of(body), .script = ""};
  const Columns columns = columns_of(body, width);
  const auto keys = key_places(body.keys, kEdge, width);
  double y = kEdge + (keys.empty() ? 0 : kLine * (keys.back().first + 1));
  std::vector<Block> blocks;
  const double room = columns.inner + columns.text;
  for (std::size_t first = 0; first < body.panels.size(); first += columns.side_by_side) {
    Block& block = blocks.emplace_back();
    block.first = first;
    block.last = std::min(first + columns.side_by_side, body.panels.size());
    block.top = y;
    std::size_t lines = 0, below = 0;
    for (std::size_t p = block.first; p < block.last; ++p) {
      block.titles.push_back(wrapped(body.panels[p].title, room, kFont));
      lines = std::max(lines, block.titles.back().size());
      below = std::max(below, wrapped(body.panels[p].x.label, room, kSmall).size());
    }
    block.panel_top = block.top + kLine * static_cast<double>(lines) + 4;
    place_rows(body, columns, width, block);
    y = block.panel_bottom + kTics + kSmallLine * static_cast<double>(below) + 10;
  }
  const auto note = wrapped(body.note, width - 2 * kEdge, kSmall);
  drawing.height = static_cast<int>(std::ceil(y + kSmallLine * static_cast<double>(note.size())));

  Canvas canvas(width, drawing.height);
  for (std::size_t i = 0; i < keys.size(); ++i)
    canvas.key(body.keys[i], keys[i].second, kEdge + 6 + kLine * keys[i].first);
  canvas.lines(kEdge, y + 2, note, kSmallLine);
  canvas.script = fmt::format(
                      "data = {}\narray Y[{}]\nset grid noytics xtics\nset border 1\n"
                      "set multiplot\n",
                      script_text(table), body.rows.size()) +
                  canvas.script;
  for (const auto& block : blocks) {
    // Rows count downwards, in pixels.
    for (const auto& placed : block.rows) {
      const auto number = static_cast<std::size_t>(placed.row - body.rows.data()) + 1;
      canvas.script += fmt::format("Y[{}] = {:.2f}\n", number, placed.y - block.panel_top);
      if (placed.row->head) {
        canvas.lines(kEdge, placed.y, placed.lines, kSmallLine);
      } else if (columns.above) {
        canvas.text(columns.left, placed.y - kRow / 2 - kSmallLine / 2, placed.row->label, "left",
                    "font SMALL textcolor rgb '#505050'");
      } else {
        canvas.text(columns.left - 8, placed.y, placed.row->label, "right",
                    "font SMALL textcolor rgb '#505050'");
      }
    }
    for (std::size_t p = block.first; p < block.last; ++p) {
      const RowPanel& panel = body.panels[p];
      const double left = columns.left + static_cast<double>(p - block.first) * (room + kGap);
      const double right = left + columns.inner;
      canvas.lines(left, block.top + 7, block.titles[p - block.first], kLine, "");
      canvas.lines(left, block.panel_bottom + kTics + 6, wrapped(panel.x.label, room, kSmall),
                   kSmallLine);
      for (const auto& placed : block.rows) {
        if (placed.row->head) continue;
        const auto& mark = placed.row->marks[p];
        if (mark) canvas.text(right + 8, placed.y, mark->text);
        for (const auto& [value, look] : panel.lines) {
          const double x = place(panel.x, value, left, right);
          canvas.line(x, placed.y - kRow / 2, x, placed.y + kRow / 2,
                      fmt::format("front lt {} lw 0.9", look));
        }
      }
      canvas.panel(left, block.panel_top, right, block.panel_bottom);
      canvas.script += functions(panel.x) +
                       fmt::format("set yrange [{:.2f}:0]\nunset ytics\n",
                                   block.panel_bottom - block.panel_top) +
                       axis_commands('x', panel.x, columns.inner, false) + plot_of(body, p) +
                       "unset label\nunset arrow\nunset object\n";
    }
  }
  canvas.script += "unset multiplot\n";
  drawing.script = std::move(canvas.script);
  return drawing;
}

}  // namespace laq::analysis
