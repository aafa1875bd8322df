#pragma once

#include <string>
#include <vector>

#include "analysis/chart.hpp"

/// Which curves share a panel, and which panels a figure: by the axes of the sweep.
namespace laq::analysis {

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

/// Figures of at most 12 panels. `items` are curves: the series that each is made of. When they
/// differ in several ways, the way with the most values, 6 at most and rather an axis of the grid
/// than the method, tells the curves of a panel apart, the others tell the panels. Otherwise up to
/// `together` of them share a panel, and more have one each.
std::vector<std::vector<Facet>> facets_of(const std::vector<std::vector<const Series*>>& items,
                                          std::size_t together);

/// " (1 of 2)" and "-1"; "" for the only one.
struct Part {
  std::string title, name;
};
Part part_of(std::size_t index, std::size_t count);

/// What labels have in common: "LAQ linear" of "LAQ linear (3 bits)" and "LAQ linear (4 bits)"; ""
/// for nothing.
std::string common_label(const std::vector<std::string>& labels);

}  // namespace laq::analysis
