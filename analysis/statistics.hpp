#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace laq::analysis {

/// Mean and spread of a measure over seeds.
struct Summary {
  std::size_t n = 0;
  double mean = 0;                ///< meaningless when n = 0
  std::optional<double> sd = {};  ///< sample standard deviation (n − 1); none when n < 2

  std::optional<double> known_mean() const { return n > 0 ? std::optional(mean) : std::nullopt; }
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

/// How far from the mean of these values a further one of the same kind falls with probability
/// `level` at most: t √(1 + 1/n) sd, t of n − 1 degrees of freedom; none when n < 2.
std::optional<double> prediction_reach(const Summary& summary, double level);

/// The same values with a spread of at least `least`; one that is not known stays unknown.
Summary with_spread(Summary summary, double least);

/// The standard deviation that rounding to multiples of `grid` gives to a value alone, grid/√12,
/// and to the difference of two, grid/√6: a smaller spread of what was rounded so cannot be seen.
double grid_spread(double grid, bool difference);

/// Interval of the true standard deviation at this two-sided level (χ²); none when n < 2.
std::optional<Interval> spread_interval(const Summary& summary, double level);

/// One-sided p-value of the hypothesis that the true mean is at least `limit` (`below`), or at most
/// `limit`; none when n < 2.
std::optional<double> t_test(const Summary& summary, double limit, bool below);

/// The chance that the one-sided t tests of n normal values, each at (1 − level)/2, all reject, the
/// true mean being so many standard deviations from each one's limit, on the side of what it shows:
/// 1 − Σ F(t; n − 1, distance √n), F the noncentral t distribution, or 0. Exact for one test; two
/// are the two one-sided tests of equivalence, for which it is a lower bound that is close where it
/// is large.
double power(std::size_t n, std::span<const double> distances, double level);

/// The fewest values (2 or more) for which `power` is at least `chance`; none up to 1 000 000.
std::optional<std::size_t> values_needed(std::span<const double> distances, double level,
                                         double chance);

}  // namespace laq::analysis
