#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "record/history.hpp"
#include "record/run_identity.hpp"

namespace laq::analysis {

/// The weights of one quantized layer at the end of a run.
struct LayerWeights {
  std::string layer;
  double largest = 0;          ///< max|w|
  std::vector<double> latent;  ///< share of w in equal bins over [−largest, largest]
  std::vector<double> values;  ///< ŵ at each code; NaN where it is not known
  std::vector<double> shares;  ///< share of the weights at each code
};

/// Epochs that all of them have. There must be one history.
std::size_t shortest(const std::vector<const record::History*>& histories);

/// Mean over every `step`-th number from `first` on of an epoch's row of a layer's column; NaN
/// where it is not recorded.
double layer_value(const record::History& history, const std::string& layer,
                   const std::string& column, std::size_t epoch, std::size_t first = 0,
                   std::size_t step = 1);

/// "lstm.weight_ih_l0", "conv1".
std::string layer_word(const std::string& layer);

/// From the last epoch of a record. Layers whose distribution was not recorded are left out.
std::vector<LayerWeights> recorded_weights(const record::History& history);

/// From a checkpoint, for runs that were made before the record had them. Empty when there is none,
/// it cannot be read or is of another run.
std::vector<LayerWeights> checkpoint_weights(const std::filesystem::path& file,
                                             const record::RunIdentity& run);

}  // namespace laq::analysis
