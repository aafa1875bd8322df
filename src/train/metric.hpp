#pragma once

namespace laq::train {

struct Run;

/// What runs are judged by. The kind of data decides, whatever the loss that is trained: of
/// pictures the share of wrong answers, of text the cross-entropy.
enum class Metric { test_error, test_loss };

Metric metric_of(const Run& run);

/// How a metric is called and shown.
struct MetricFacts {
  /// Columns of a run's history and keys of its final values. The best epoch is the one with the
  /// least `valid`; `test` at that epoch is what is shown.
  const char *test, *valid;
  const char* word;  ///< "error", "loss"
  const char* unit;  ///< "%", "nats per character"
  int decimals;      ///< to show, at the least
};
const MetricFacts& facts(Metric metric);

/// The step in which a run's metric is known: 100/N percent for the error on N test pictures,
/// otherwise the unit of the last digit shown.
double metric_grid(const Run& run);

/// The metric of a network that guesses among the classes, or the characters of the vocabulary:
/// 100 (1 − 1/classes) percent, or ln(classes) nats.
double metric_of_guess(const Run& run);

}  // namespace laq::train
