#include "analysis/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace laq::analysis {
namespace {

constexpr std::size_t kMostValues = 1'000'000;
constexpr double kFarthest = 1e4;  // standard deviations; Boost takes no distance without end

double freedom(std::size_t n) {
  return static_cast<double>(n - 1);
}

// The upper quantile of Student's t for a two-sided level.
double t_quantile(std::size_t n, double level) {
  return quantile(complement(boost::math::students_t(freedom(n)), (1 - level) / 2));
}

}  // namespace

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

std::optional<Interval> t_interval(const Summary& summary, double level) {
  if (!summary.sd) return std::nullopt;
  const double reach = t_quantile(summary.n, level) * summary.standard_error();
  return Interval{summary.mean - reach, summary.mean + reach};
}

std::optional<double> prediction_reach(const Summary& summary, double level) {
  if (!summary.sd) return std::nullopt;
  const auto n = static_cast<double>(summary.n);
  return t_quantile(summary.n, level) * *summary.sd * std::sqrt(1 + 1 / n);
}

Summary with_spread(Summary summary, double least) {
  if (summary.sd) summary.sd = std::max(*summary.sd, least);
  return summary;
}

double grid_spread(double grid, bool difference) {
  return grid / std::sqrt(difference ? 6 : 12);
}

std::optional<Interval> spread_interval(const Summary& summary, double level) {
  if (!summary.sd) return std::nullopt;
  const boost::math::chi_squared distribution(freedom(summary.n));
  const double tail = (1 - level) / 2, squares = freedom(summary.n) * *summary.sd * *summary.sd;
  return Interval{std::sqrt(squares / quantile(complement(distribution, tail))),
                  std::sqrt(squares / quantile(distribution, tail))};
}

std::optional<double> t_test(const Summary& summary, double limit, bool below) {
  if (!summary.sd) return std::nullopt;
  const double distance = below ? limit - summary.mean : summary.mean - limit;
  if (summary.standard_error() == 0) return distance > 0 ? 0 : 1;
  const boost::math::students_t distribution(freedom(summary.n));
  return cdf(complement(distribution, distance / summary.standard_error()));
}

double power(std::size_t n, std::span<const double> distances, double level) {
  const double t = t_quantile(n, level);
  double chance = 1;
  for (const double distance : distances) {
    const double centre = std::min(distance, kFarthest) * std::sqrt(static_cast<double>(n));
    chance -= cdf(boost::math::non_central_t(freedom(n), centre), t);
  }
  return std::max(chance, 0.0);
}

std::optional<std::size_t> values_needed(std::span<const double> distances, double level,
                                         double chance) {
  const auto enough = [&](std::size_t n) { return power(n, distances, level) >= chance; };
  std::size_t few = 1, many = 2;
  while (many < kMostValues && !enough(many)) {
    few = many;
    many = std::min(2 * many, kMostValues);
  }
  if (many == kMostValues && !enough(many)) return std::nullopt;
  while (many - few > 1) {
    const std::size_t middle = few + (many - few) / 2;
    (enough(middle) ? many : few) = middle;
  }
  return many;
}

}  // namespace laq::analysis
