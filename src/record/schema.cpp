#include "record/schema.hpp"

#include <algorithm>
#include <array>

namespace laq::record {
namespace {

constexpr std::array<ColumnFacts, 7> kEpochs{{
    {"train_loss", "", "mean over the steps"},
    {"valid_loss", "", "on the validation part; of text nats per character"},
    {"valid_error", "%", "on the validation part"},
    {"test_loss", "", "on the test part; of text nats per character"},
    {"test_error", "%", "on the test part"},
    {"learning_rate", "", "of the epoch"},
    {"seconds", "s", "steps and evaluation"},
}};

constexpr std::array<ColumnFacts, 2> kSteps{{
    {"loss", "", "of the step's batch"},
    {"seconds", "s", "of the step"},
}};

constexpr std::array<ColumnFacts, 11> kLayers{{
    {"scales", "", "of every group: α, or α and β; of LQ-Nets the basis"},
    {"zero_fraction", "", "share of the weights that are 0"},
    {"level_histogram", "", "share of the weights at each level"},
    {"flips", "", "share of the weights whose level changed since the epoch before"},
    {"rounds", "", "of an alternating solver in the last step, 10 at most, mean over groups"},
    {"weighted_error", "", "equation (1)"},
    {"level_values", "", "weight at each level, mean over groups"},
    {"latent_histogram", "", "share of the latent weights in 64 equal bins"},
    {"latent_largest", "", "largest latent weight: the bins reach from −it to it"},
    {"gap", "", "of a solver that is not exact: how far equation (1) is above its minimum"},
    {"relaxation", "", "of a relaxed method: distance of the weights from their levels, over norm"},
}};

constexpr std::array<ColumnFacts, 10> kFinals{{
    {"best_epoch", "", "the last one with the least validation score"},
    {"valid_error", "%", "at that epoch"},
    {"valid_loss", "", "at that epoch"},
    {"test_error", "%", "at that epoch"},
    {"test_loss", "", "at that epoch"},
    {"epochs", "", "that were run"},
    {"steps", "", "that were run"},
    {"step_ms", "ms", "median over all steps"},
    {"seconds", "s", "of all epochs"},
    {"peak_rss_mb", "MiB", "largest memory of the process"},
}};

}  // namespace

std::span<const ColumnFacts> columns_of(Part part) {
  switch (part) {
    case Part::epochs:
      return kEpochs;
    case Part::steps:
      return kSteps;
    case Part::layers:
      return kLayers;
    case Part::final_values:
      return kFinals;
  }
  return {};
}

const ColumnFacts* find_column(Part part, std::string_view name) {
  const auto columns = columns_of(part);
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnFacts& one) { return one.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace laq::record
