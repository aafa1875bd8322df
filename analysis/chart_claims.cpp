#include "analysis/chart_claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/claims_text.hpp"
#include "analysis/unicode.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

// All in pixels but kHeadRows, a claim's head in rows.
constexpr int kWidth = 880, kRow = 14, kPanelHead = 36, kPanelFoot = 28, kLegend = 30, kFoot = 24;
constexpr int kEdge = 8, kBetween = 12;
constexpr double kLetter = 6.0, kHeadRows = 1.5;
constexpr std::size_t kMostPanels = 4;
constexpr double kLeastRange = 3.5, kMostRange = 100;  // units shown on each side
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// A line of the figure: a comparison in all its data sets, or a claim's head.
struct Line {
  const Claim* claim = nullptr;
  std::string subject;  ///< "" of a head
  double y = 0;         ///< its middle, in rows from the top
};

/// Panels side by side, one for each data set, and the lines that they share.
struct Block {
  std::vector<std::string> datasets;
  std::vector<Line> lines;
  double rows = 0;
  int top = 0;  ///< pixels from the figure's top

  int height() const { return kPanelHead + static_cast<int>(std::ceil(rows * kRow)) + kPanelFoot; }
};

const Comparison* comparison_of(const Line& line, const std::string& dataset) {
  for (const auto& one : line.claim->comparisons) {
    if (one.dataset == dataset && one.subject == line.subject) return &one;
  }
  return nullptr;
}

// A row for each comparison that some data set of the block has.
void add_lines(const ClaimReport& report, Block& block) {
  const auto shown = [&](const Comparison& one) {
    return std::find(block.datasets.begin(), block.datasets.end(), one.dataset) !=
           block.datasets.end();
  };
  for (const auto& claim : report.claims) {
    std::vector<std::string> subjects;
    for (const auto& one : claim.comparisons) {
      if (shown(one) && std::find(subjects.begin(), subjects.end(), one.subject) == subjects.end())
        subjects.push_back(one.subject);
    }
    if (subjects.empty()) continue;
    block.lines.push_back({&claim, "", block.rows + kHeadRows / 2});
    block.rows += kHeadRows;
    for (const auto& subject : subjects) {
      block.lines.push_back({&claim, subject, block.rows + 0.5});
      block.rows += 1;
    }
    block.rows += 0.3;
  }
}

// What 1 stands for; a point or a nat where right sides without error leave no margin.
double unit_of(const Comparison& one) {
  for (const double limit : {one.region.high, one.region.low}) {
    if (std::isfinite(limit) && limit != 0) return std::abs(limit);
  }
  return one.margin > 0 ? one.margin : 1;
}

bool drawn(const Comparison& one) {
  return one.difference.n > 0;
}

bool has_value(const ClaimReport& report, const std::string& dataset) {
  return std::any_of(report.claims.begin(), report.claims.end(), [&](const Claim& claim) {
    return std::any_of(claim.comparisons.begin(), claim.comparisons.end(),
                       [&](const Comparison& one) { return one.dataset == dataset && drawn(one); });
  });
}

std::vector<Block> blocks_of(const ClaimReport& report, const std::vector<std::string>& datasets) {
  std::vector<Block> blocks;
  int top = kLegend;
  for (std::size_t i = 0; i < datasets.size(); i += kMostPanels) {
    Block& block = blocks.emplace_back();
    const auto last = std::min(i + kMostPanels, datasets.size());
    block.datasets = {datasets.begin() + static_cast<std::ptrdiff_t>(i),
                      datasets.begin() + static_cast<std::ptrdiff_t>(last)};
    add_lines(report, block);
    block.top = top;
    top += block.height();
  }
  return blocks;
}

double range_of(const ClaimReport& report) {
  double most = kLeastRange;
  for (const auto& claim : report.claims) {
    for (const auto& one : claim.comparisons) {
      if (drawn(one)) most = std::max(most, 1.2 * std::abs(one.difference.mean) / unit_of(one));
    }
  }
  return std::min(most, kMostRange);
}

// Linear about 0 and logarithmic further out, so that a margin and a failure are in one figure.
double place(double value, double range) {
  return std::asinh(std::clamp(value, -range, range));
}

std::string judgement_color(Judgement judgement) {
  return judgement == Judgement::supported      ? "#0072b2"
         : judgement == Judgement::contradicted ? "#d55e00"
                                                : "#606060";
}

int judgement_marker(Judgement judgement) {
  return judgement == Judgement::supported ? 7 : judgement == Judgement::contradicted ? 5 : 6;
}

constexpr Judgement kShown[] = {Judgement::supported, Judgement::contradicted,
                                Judgement::undecided};

// A line of the table: what a reader wants, then what the script draws.
std::string table_row(std::size_t panel, const Line& line, const Comparison& one, double range) {
  const double unit = unit_of(one), x = one.difference.mean / unit;
  const bool interval = one.interval.has_value();
  const double low = interval ? one.interval->low / unit : kNone;
  const double high = interval ? one.interval->high / unit : kNone;
  const auto style = [&](double end) { return std::abs(end) > range ? 2 : 1; };
  return fmt::format(
      "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{:."
      "6g}"
      "\t{:.6g}\t{:.6g}\t{}\t{}\t{:.6g}\t{:.6g}\t{}\n",
      panel, line.claim->name, one.dataset, one.subject, judgement_name(one.judgement),
      one.provisional ? "yes" : "no", one.difference.n, one.unit, one.difference.mean,
      interval ? one.interval->low : kNone, interval ? one.interval->high : kNone, one.region.low,
      one.region.high, unit, line.y, place(x, range), place(low, range), place(high, range),
      style(low), style(high), place(one.region.low / unit, range),
      place(one.region.high / unit, range), judgement_marker(one.judgement));
}

std::string table_of(const std::vector<Block>& blocks, double range) {
  std::string text =
      "panel\tclaim\tdataset\tcomparison\tjudgement\tprovisional\tn\tunit\tmean\tlow\thigh\tabove\t"
      "below\tdivided_by\ty\tx\tx_low\tx_high\tend_low\tend_high\tallowed_low\tallowed_"
      "high\tmarker\n";
  std::size_t panel = 0;
  for (const auto& block : blocks) {
    for (const auto& dataset : block.datasets) {
      ++panel;
      for (const auto& line : block.lines) {
        const Comparison* one = comparison_of(line, dataset);
        if (one && drawn(*one)) text += table_row(panel, line, *one, range);
      }
    }
  }
  return text;
}

std::string tics_of(double range) {
  std::vector<std::string> tics = {"'0' 0"};
  const double coarse[] = {1, 10, 100}, fine[] = {1, 3};
  const auto add = [&](double at, bool labelled) {
    if (at > range) return;
    for (const auto& [sign, text] : {std::pair(-1.0, "−"), std::pair(1.0, "")}) {
      const std::string label = labelled ? fmt::format("{}{:g}", text, at) : "";
      tics.push_back(fmt::format("'{}' {:.6f}", label, sign * std::asinh(at)));
    }
  };
  if (range < 10) {
    for (const double at : fine) add(at, true);
  } else {
    for (const double at : coarse) add(at, true);
    for (const double at : {3.0, 30.0}) add(at, false);
  }
  return join(tics);
}

std::string legend(int height) {
  const auto down = [&](double pixels) { return 1 - pixels / height; };
  const auto across = [](double pixels) { return pixels / kWidth; };
  std::string text;
  double x = kEdge + 6;
  for (const Judgement one : kShown) {
    text += fmt::format(
        "set label {} at screen {:.5f}, screen {:.5f} left point pt {} ps 0.7 lc rgb '{}' offset "
        "0.9, "
        "0 font SMALL\n",
        script_text(judgement_name(one)), across(x), down(14), judgement_marker(one),
        judgement_color(one));
    x += 105;
  }
  text += fmt::format(
      "set object rectangle from screen {:.5f}, screen {:.5f} to screen {:.5f}, screen {:.5f} "
      "fillcolor rgb '#dbe6f2' fillstyle solid noborder\n"
      "set label 'what is claimed' at screen {:.5f}, screen {:.5f} left font SMALL\n",
      across(x), down(19), across(x + 22), down(9), across(x + 28), down(14));
  return text;
}

std::string head_of(const Claim& claim) {
  return one_line(claim.text + ": " + ruling_text(claim));
}

// Of a slope without its axis, which is the same in all of a claim's rows.
std::string row_label(const Line& line) {
  return line.subject.substr(0, line.subject.find(" per doubling of "));
}

// Claims' heads and the rows' labels, left of the first panel.
std::string frame(const Block& block) {
  std::string tics, text;
  for (const auto& line : block.lines) {
    if (line.subject.empty()) {
      text += fmt::format("set label {} at screen {:.5f}, first {:.4f} left font SMALL\n",
                          script_text(head_of(*line.claim)), static_cast<double>(kEdge) / kWidth,
                          line.y);
    } else {
      tics += fmt::format("{}{} {:.4f}", tics.empty() ? "" : ", ", script_text(row_label(line)),
                          line.y);
    }
  }
  return text + "set ytics (" + tics + ") font SMALL textcolor rgb '#505050'\n";
}

// The lines at 0 and ±1 beside the rows of each claim: block, x, first y, height.
std::string lines_table(const std::vector<Block>& blocks) {
  std::string text = "block\tx\ty\theight\n";
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto& lines = blocks[b].lines;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].subject.empty()) continue;
      const double begin = lines[i].y + kHeadRows / 2;
      double height = 0;
      for (std::size_t j = i + 1; j < lines.size() && !lines[j].subject.empty(); ++j) height += 1;
      for (const double at : {-1.0, 0.0, 1.0})
        text += fmt::format("{}\t{:.6g}\t{:.6g}\t{:.6g}\n", b + 1, std::asinh(at), begin, height);
    }
  }
  return text;
}

std::string panel_plot(std::size_t block, std::size_t panel) {
  const std::string y = fmt::format("($1=={} ? $15 : NaN)", panel);
  std::string text = fmt::format(
      "plot data skip 1 using (($21+$22)/2):{0}:21:22:($15-0.45):($15+0.45) with boxxyerror fs "
      "solid "
      "noborder lc rgb '#dbe6f2', \\\n"
      "  lines skip 1 using ($1=={1} && $2==0 ? 0 : NaN):3:(0):4 with vectors nohead dt 1 lw 1 lc "
      "rgb "
      "'#404040', \\\n"
      "  lines skip 1 using ($1=={1} && $2!=0 ? $2 : NaN):3:(0):4 with vectors nohead lw 0.8 dt "
      "(2, 3) "
      "lc rgb '#808080', \\\n"
      "  data skip 1 using 16:{0}:($17-$16):(0):19 with vectors arrowstyle variable, \\\n"
      "  data skip 1 using 16:{0}:($18-$16):(0):20 with vectors arrowstyle variable",
      y, block);
  for (const Judgement one : kShown) {
    text += fmt::format(
        ", \\\n  data skip 1 using 16:($1=={} && $23=={} ? $15 : NaN) with points pt {} ps 0.7 lc "
        "rgb "
        "'{}'",
        panel, judgement_marker(one), judgement_marker(one), judgement_color(one));
  }
  return text + "\n";
}

int label_width(const std::vector<Block>& blocks) {
  std::size_t most = 0;
  for (const auto& block : blocks) {
    for (const auto& line : block.lines) most = std::max(most, display_width(row_label(line)));
  }
  return std::min(static_cast<int>(static_cast<double>(most) * kLetter) + 2 * kEdge, kWidth / 2);
}

std::string script(const std::vector<Block>& blocks, const Chart& chart, double range) {
  const int height = chart.height;
  const int left = label_width(blocks);
  std::string text = fmt::format(
      "data = {}\nlines = {}\n"
      "set style arrow 1 head size screen 0.0025, 90 lw 1.1 lc rgb '#303030'\n"
      "set style arrow 2 head filled size screen 0.006, 25 lw 1.1 lc rgb '#303030'\n"
      "set xrange [{:.6f}:{:.6f}]\nset xtics ({}) font SMALL\nset grid noytics\nset border 1\n"
      "set tics nomirror\nset multiplot\n",
      script_text(chart.data[0].first), script_text(chart.data[1].first), -std::asinh(range),
      std::asinh(range), tics_of(range));
  std::size_t panel = 0;
  for (const auto& block : blocks) {
    const auto columns = static_cast<double>(block.datasets.size());
    const double across = (kWidth - left - kEdge - kBetween * (columns - 1)) / columns;
    const auto down = [&](double pixels) { return 1 - (block.top + pixels) / height; };
    text += fmt::format(
        "set tmargin at screen {:.5f}\nset bmargin at screen {:.5f}\n"
        "set yrange [{:.4f}:0]\n",
        down(kPanelHead), down(block.height() - kPanelFoot), block.rows);
    for (std::size_t c = 0; c < block.datasets.size(); ++c) {
      const double from = left + static_cast<double>(c) * (across + kBetween);
      text += fmt::format(
          "set lmargin at screen {:.5f}\nset rmargin at screen {:.5f}\nset title {} font SMALL\n{}",
          from / kWidth, (from + across) / kWidth, script_text(block.datasets[c]),
          c == 0 ? frame(block) + (panel == 0 ? legend(height) : "") : "");
      if (panel == 0) {
        text += fmt::format(
            "set label 'First method − second, divided by what the claim allows (by the margin of "
            "a "
            "tie where that is 0); logarithmic beyond 1' at screen 0.5, screen {:.5f} center font "
            "SMALL\n",
            10.0 / height);
      }
      text += panel_plot(static_cast<std::size_t>(&block - blocks.data()) + 1, ++panel);
      text += "unset label\nunset object\nunset ytics\n";
    }
  }
  return text + "unset multiplot\n";
}

}  // namespace

Charts claims_charts(const ClaimReport& report) {
  Charts all;
  Chart chart;
  chart.name = "claims";
  chart.kind = kClaimsKind;
  chart.title = "All comparisons of the claims";
  std::vector<std::string> shown, others;
  for (const auto& dataset : datasets_of(report))
    (has_value(report, dataset) ? shown : others).push_back(dataset);
  if (shown.empty()) {
    all.left_out.push_back({chart.title, "no comparison has a value yet"});
    return all;
  }
  const auto blocks = blocks_of(report, shown);
  const double range = range_of(report);
  chart.width = kWidth;
  chart.height = blocks.back().top + blocks.back().height() + kFoot;
  chart.data = {{chart.name + ".tsv", table_of(blocks, range)},
                {chart.name + ".lines.tsv", lines_table(blocks)}};
  chart.script = script(blocks, chart, range);
  chart.caption = fmt::format(
      "{}. Point: mean difference over the common seeds; bar: its {:g} % interval (an arrow: it "
      "goes "
      "on; none: a single seed). Shaded: what is claimed. Everything is divided by the limit of "
      "the "
      "comparison, so that 1 is the margin of a tie, or by that margin where the limit is 0; 0 is "
      "no "
      "difference, and left of it the first method has the lower error or loss. A comparison "
      "without "
      "a point has no runs on both sides.",
      chart.title, 100 * report.level);
  if (!others.empty()) chart.caption += fmt::format(" No runs on {}.", join(others));
  all.drawn.push_back(std::move(chart));
  return all;
}

}  // namespace laq::analysis
