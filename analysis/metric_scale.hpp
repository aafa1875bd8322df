#pragma once

namespace laq::train {
struct Run;
}

namespace laq::analysis {

/// The step in which a run's metric is known: 100/N percent for the error on N test pictures,
/// otherwise the unit of the last digit shown.
double metric_grid(const train::Run& run);

/// The metric of a network that guesses among the classes, or the characters of the vocabulary:
/// 100 (1 − 1/classes) percent, or ln(classes) nats.
double metric_of_guess(const train::Run& run);

}  // namespace laq::analysis
