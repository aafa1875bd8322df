#pragma once

#include <string>
#include <utility>
#include <vector>

namespace laq::sweep {

using Values = std::vector<std::string>;
/// A key and the values it takes: ("quantizer.bits", {"2", "3"}).
using Axis = std::pair<std::string, Values>;
using Pairs = std::vector<std::pair<std::string, std::string>>;
/// One value on every extra axis, in order: ("quantizer.bits", "3").
using Point = Pairs;

/// Runs that are left out by name: those that have one of the values for each of the keys. Keys are
/// `experiment`, `method`, `seed` and the extra axes.
struct Exclusion {
  std::vector<Axis> conditions;
  std::string place;  ///< file:line

  /// `method=lab quantizer.bits=2,3`
  std::string text() const;
  bool holds_for(const Point& all) const;
};

/// The extra axes of a sweep: every combination of the grid's values, times those of each zip,
/// whose axes go together value by value.
struct Axes {
  std::vector<Axis> grid;
  std::vector<std::vector<Axis>> zips;

  std::vector<Point> points() const;
  /// All axes, the grid's first.
  std::vector<Axis> all() const;
  /// The axis with this key, or null.
  Axis* find(const std::string& key);
  /// Error (usage): the axes of a zip have not the same number of values, or a key is on two axes.
  void check() const;
};

/// `mnist late quantizer.bits=3`
std::string point_name(const std::string& experiment, const std::string& method,
                       const Point& point);

/// Values of an axis word: "a,b,c", "range(2,5)" (2, 3, 4: the end is excluded, as in Hydra),
/// "range(2,9,3)" (2, 5, 8) or one value; commas in brackets do not separate.
Values axis_values(const std::string& text);

}  // namespace laq::sweep
