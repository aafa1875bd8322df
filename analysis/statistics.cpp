#include "analysis/statistics.hpp"

#include <boost/math/distributions/students_t.hpp>
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

std::optional<Interval> t_interval(const Summary& summary, double level) {
  if (!summary.sd) return std::nullopt;
  const boost::math::students_t distribution(static_cast<double>(summary.n - 1));
  const double reach =
      quantile(complement(distribution, (1 - level) / 2)) * summary.standard_error();
  return Interval{summary.mean - reach, summary.mean + reach};
}

std::optional<double> t_test(const Summary& summary, double limit, bool below) {
  if (!summary.sd) return std::nullopt;
  const double distance = below ? limit - summary.mean : summary.mean - limit;
  if (summary.standard_error() == 0) return distance > 0 ? 0 : 1;
  const boost::math::students_t distribution(static_cast<double>(summary.n - 1));
  return cdf(complement(distribution, distance / summary.standard_error()));
}

}  // namespace laq::analysis
