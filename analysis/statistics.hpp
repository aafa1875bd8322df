#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace laq::analysis {

/// Mean and spread of a measure over seeds.
struct Summary {
  std::size_t n = 0;
  double mean = 0;                ///< meaningless when n = 0
  std::optional<double> sd = {};  ///< sample standard deviation (n − 1); none when n < 2

  /// sd / √n; 0 when n < 2, where the spread is not known.
  double standard_error() const;
};

Summary summarize(std::span<const double> values);

/// Both ends, low first.
struct Interval {
  double low = 0, high = 0;
};

/// Student t interval of the mean at this two-sided level (0.95); none when n < 2. With no spread
/// at all it is the mean itself.
std::optional<Interval> t_interval(const Summary& summary, double level);

/// One-sided p-value of the hypothesis that the true mean is at least `limit` (`below`), or at most
/// `limit`; none when n < 2.
std::optional<double> t_test(const Summary& summary, double limit, bool below);

}  // namespace laq::analysis
