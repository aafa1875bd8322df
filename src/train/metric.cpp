#include "train/metric.hpp"

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

}  // namespace laq::train
