#include "analysis/metric_scale.hpp"

#include <cmath>

#include "train/experiment.hpp"
#include "train/metric.hpp"

namespace laq::analysis {

double metric_grid(const train::Run& run) {
  const train::Metric metric = train::metric_of(run);
  return metric == train::Metric::test_error ? 100.0 / static_cast<double>(run.dataset.splits.test)
                                             : std::pow(10.0, -train::facts(metric).decimals);
}

double metric_of_guess(const train::Run& run) {
  const auto classes = static_cast<double>(run.dataset.classes);
  const bool error = train::metric_of(run) == train::Metric::test_error;
  return error ? 100 * (1 - 1 / classes) : std::log(classes);
}

}  // namespace laq::analysis
