#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace laq {

/// The middle value, or the mean of the two in the middle. None: of no values.
inline std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace laq
