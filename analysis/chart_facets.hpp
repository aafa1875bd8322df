#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/chart_layout.hpp"

/// Which curves share a panel, and which panels a figure: by the axes of the sweep.
namespace laq::analysis {

/// The series that a curve is made of.
using Item = std::vector<const Series*>;

/// A curve's place among those given.
struct FacetCurve {
  std::size_t item = 0;
  std::string label;  ///< what tells it from the others in its panel; "" alone
  Look look = kMain;  ///< the same for the same value in every panel
};

struct Facet {
  std::string title;
  std::vector<FacetCurve> curves;
};

/// Panels of a figure.
inline constexpr std::size_t kMostPanels = 12;

/// Figures of at most `kMostPanels` panels. When items differ in several ways, the way with the
/// most values, 6 at most and rather an axis of the grid than the method, tells the curves of a
/// panel apart, the others tell the panels. Otherwise up to `together` of them share a panel, and
/// more have one each.
std::vector<std::vector<Facet>> facets_of(const std::vector<Item>& items, std::size_t together);

/// The figures of these facets, all with the same axes, which `axes` makes (x, y) for all curves.
/// `model` has name, kind, title, detail and the caption without the title. `curves` gives an
/// item's curves, the main one first; in a panel of several items only that one is drawn, with a
/// label.
std::vector<Chart> facet_charts(
    const Chart& model, const std::vector<Item>& items, std::size_t together,
    const std::function<std::vector<Curve>(const Item&)>& curves,
    const std::function<std::pair<Axis, Axis>(const std::vector<Curve>&)>& axes);

/// Tells one of several figures from the others by its number, from 1 on: "NAME-2", "TITLE (2 of
/// 3)".
void set_number(Chart& chart, std::size_t number, std::size_t figures);

/// Whether the chart's panels have one item each: its curves then have no labels.
bool has_single_items(const Chart& chart);

/// Of curves that have a value, with their standard deviations.
std::vector<Extent> extents_of(const std::vector<Curve>& curves);

/// Mean and standard deviation of what each history has at an epoch, for the epochs that all of
/// them have. There must be one history.
std::vector<CurvePoint> epoch_means(
    const std::vector<const record::History*>& histories,
    const std::function<double(const record::History&, std::size_t)>& value);

/// What labels have in common: "LAQ linear" of "LAQ linear (3 bits)" and "LAQ linear (4 bits)"; ""
/// for nothing.
std::string common_label(const std::vector<std::string>& labels);

}  // namespace laq::analysis
