#include "analysis/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace laq::analysis {

double Summary::standard_error() const {
  return sd ? *sd / std::sqrt(static_cast<double>(n)) : 0;
}

Summary summarize(std::span<const double> values) {
  Summary summary{.n = values.size()};
  if (values.empty()) return summary;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) summary.mean += value / n;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  if (values.size() > 1) summary.sd = std::sqrt(squares / (n - 1));
  return summary;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace laq::analysis
