#include "sweep/axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::sweep {
namespace {

constexpr unsigned long kLongestRange = 100'000;

std::optional<Values> range_values(const std::string& text) {
  long low = 0, high = 0, step = 1;
  int used = 0;
  const auto whole = [&] { return used == static_cast<int>(text.size()); };
  const bool with_step =
      std::sscanf(text.c_str(), "range(%ld,%ld,%ld)%n", &low, &high, &step, &used) == 3 && whole();
  if (!with_step) {
    step = 1;
    used = 0;
    if (std::sscanf(text.c_str(), "range(%ld,%ld)%n", &low, &high, &used) != 2 || !whole())
      return std::nullopt;
  }
  // The difference of two longs need not be one.
  const auto first = static_cast<unsigned long>(low), stride = static_cast<unsigned long>(step);
  const unsigned long length = static_cast<unsigned long>(high) - first;
  if (high <= low || step < 1 || length / stride > kLongestRange) {
    throw usage_error({.what = "an empty or too long range",
                       .found = text,
                       .expected = "range(2,5) or range(2,9,3)"});
  }
  Values values;
  for (unsigned long i = 0; i <= (length - 1) / stride; ++i)
    values.push_back(std::to_string(static_cast<long>(first + i * stride)));
  return values;
}

std::vector<Point> times(const std::vector<Point>& points, const std::vector<Axis>& together) {
  std::vector<Point> longer;
  for (const auto& point : points) {
    for (std::size_t i = 0; i < together.front().second.size(); ++i) {
      longer.push_back(point);
      for (const auto& [key, values] : together) longer.back().emplace_back(key, values[i]);
    }
  }
  return longer;
}

}  // namespace

std::string Exclusion::text() const {
  std::vector<std::string> parts;
  for (const auto& [key, values] : conditions) parts.push_back(key + "=" + join(values, ","));
  return join(parts, " ");
}

bool Exclusion::holds_for(const Point& all) const {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Axis& condition) {
    return std::any_of(all.begin(), all.end(), [&](const auto& at) {
      const auto& values = condition.second;
      return at.first == condition.first &&
             std::find(values.begin(), values.end(), at.second) != values.end();
    });
  });
}

std::vector<Point> Axes::points() const {
  std::vector<Point> points = {{}};
  for (const auto& axis : grid) points = times(points, {axis});
  for (const auto& zip : zips) points = times(points, zip);
  return points;
}

std::vector<Axis> Axes::all() const {
  std::vector<Axis> axes = grid;
  for (const auto& zip : zips) axes.insert(axes.end(), zip.begin(), zip.end());
  return axes;
}

Axis* Axes::find(const std::string& key) {
  for (auto& axis : grid) {
    if (axis.first == key) return &axis;
  }
  for (auto& zip : zips) {
    for (auto& axis : zip) {
      if (axis.first == key) return &axis;
    }
  }
  return nullptr;
}

void Axes::check() const {
  std::set<std::string> seen;
  for (const auto& axis : all()) {
    if (!seen.insert(axis.first).second) {
      throw usage_error({.what = fmt::format("'{}' is an axis twice", axis.first),
                         .where = "grid and zip",
                         .advice = "keep it in one of them"});
    }
  }
  for (const auto& zip : zips) {
    const Axis& first = zip.front();
    for (const auto& [key, values] : zip) {
      if (values.size() == first.second.size()) continue;
      throw usage_error({.what = "axes that go together need the same number of values",
                         .where = "zip",
                         .found = fmt::format("{} of '{}' and {} of '{}'", first.second.size(),
                                              first.first, values.size(), key)});
    }
  }
}

std::string point_name(const std::string& experiment, const std::string& method,
                       const Point& point) {
  std::string name = experiment + " " + method;
  for (const auto& [key, value] : point) name += " " + key + "=" + value;
  return name;
}

Values axis_values(const std::string& text) {
  if (auto range = range_values(text)) return *range;
  Values values = {""};
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (c == ',' && depth == 0) {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  return values;
}

}  // namespace laq::sweep
