#include "train/metric.hpp"

#include <cmath>

#include "train/experiment.hpp"

namespace laq::train {

Metric metric_of(const Run& run) {
  return run.dataset.kind == data::Kind::text ? Metric::test_loss : Metric::test_error;
}

const MetricFacts& facts(Metric metric) {
  static constexpr MetricFacts error{"test_error", "valid_error", "error", "%", 2},
      loss{"test_loss", "valid_loss", "loss", "nats per character", 3};
  return metric == Metric::test_error ? error : loss;
}

double metric_grid(const Run& run) {
  const Metric metric = metric_of(run);
  return metric == Metric::test_error ? 100.0 / static_cast<double>(run.dataset.splits.test)
                                      : std::pow(10.0, -facts(metric).decimals);
}

double metric_of_guess(const Run& run) {
  const auto classes = static_cast<double>(run.dataset.classes);
  return metric_of(run) == Metric::test_error ? 100 * (1 - 1 / classes) : std::log(classes);
}

}  // namespace laq::train
