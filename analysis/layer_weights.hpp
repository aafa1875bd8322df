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

/// From the last epoch of a record. Layers whose distribution was not recorded are left out.
std::vector<LayerWeights> recorded_weights(const record::History& history);

/// From a checkpoint, for runs that were made before the record had them. Empty when there is none,
/// it cannot be read or is of another run.
std::vector<LayerWeights> checkpoint_weights(const std::filesystem::path& file,
                                             const record::RunIdentity& run);

}  // namespace laq::analysis
