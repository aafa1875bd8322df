#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/chart.hpp"
#include "analysis/statistics.hpp"

namespace laq::analysis {

/// The mean of the metric over a series' seeds, somewhere on an axis.
struct Dot {
  const Series* series = nullptr;
  double x = 0;
  Summary value;
  std::string lane;  ///< dots of a lane are joined by a line
};

/// The completed series of an experiment that have the metric; x and lane are left to be set.
std::vector<Dot> dots_of(const SweepData& data, const std::string& experiment);

/// A line across the figure.
struct Level {
  std::string label;
  double value = 0;
};

struct ScatterAxis {
  std::string label;
  std::string column;  ///< of the table
  bool logarithmic = false;
  std::vector<std::pair<double, std::string>> tics;
};

/// Fills a chart (name, kind, title and caption are the caller's) with the dots, each with its
/// label beside it, joined to it by a thin line where it had to be moved.
void draw_scatter(const ScatterAxis& axis, const std::vector<Dot>& dots,
                  const std::vector<Level>& levels, Chart& chart);

/// What the labels of a lane have in common: "LAQ linear" of "LAQ linear (3 bits)" and
/// "LAQ linear (4 bits)".
std::string common_label(const std::vector<std::string>& labels);

}  // namespace laq::analysis
