#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/chart_layout.hpp"

/// Which curves share a panel, and which panels a figure: by the axes of the sweep. What the curves
/// are made of.
namespace laq::analysis {

/// The series that a curve is made of.
using Item = std::vector<const Series*>;

/// Panels of a figure.
inline constexpr std::size_t kMostPanels = 12;

/// Figures of at most `kMostPanels` panels, all with the same axes, which `axes` makes (x, y) for
/// all curves. `model` has name, kind, title, detail and the caption without the title. `curves`
/// gives an item's curves, the main one first.
///
/// When items differ in several ways, the way with the most values, 6 at most and rather an axis of
/// the grid than the method, tells the curves of a panel apart, the others tell the panels.
/// Otherwise up to `together` of them share a panel, and more have one each. In a panel of several
/// items only the main curves are drawn, with labels.
std::vector<Chart> facet_charts(
    const Chart& model, const std::vector<Item>& items, std::size_t together,
    const std::function<std::vector<Curve>(const Item&)>& curves,
    const std::function<std::pair<Axis, Axis>(const std::vector<Curve>&)>& axes);

/// Tells one of several figures from the others by its number, from 1 on: "NAME-2", "TITLE (2 of
/// 3)".
void set_number(Chart& chart, std::size_t number, std::size_t figures);

/// Of curves that have a value, with their standard deviations.
std::vector<Interval> extents_of(const std::vector<Curve>& curves);

/// What a record has at an epoch, by its index; NaN for nothing.
using EpochValue = std::function<double(const record::History&, std::size_t)>;

/// Its mean and standard deviation over the histories, for the epochs that all of them have; empty
/// where none is finite.
std::vector<CurvePoint> epoch_means(const std::vector<const record::History*>& histories,
                                    const EpochValue& value);

/// Mean over every `step`-th number from `first` on of an epoch's row of a layer's column; NaN
/// where it is not recorded.
double layer_value(const record::History& history, const std::string& layer,
                   const std::string& column, std::size_t epoch, std::size_t first = 0,
                   std::size_t step = 1);

/// The series' value on an axis of the grid; "" for none.
std::string value_on(const Series& series, const std::string& axis);

/// What labels have in common: "LAQ linear" of "LAQ linear (3 bits)" and "LAQ linear (4 bits)"; ""
/// for nothing.
std::string common_label(const std::vector<std::string>& labels);

}  // namespace laq::analysis
