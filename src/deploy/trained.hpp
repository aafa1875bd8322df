#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/tree.hpp"
#include "record/hdf5.hpp"
#include "record/run_identity.hpp"

namespace laq::deploy {

struct FloatTensor {
  record::Shape shape;
  std::vector<float> values;
};

/// ŵ as codes. Groups are equal blocks of the array, one after the other: a tensor, an LSTM's
/// gate, an output row.
struct QuantizedTensor {
  record::Shape shape;
  std::size_t groups = 1;
  std::vector<std::uint8_t> codes = {};  ///< of every weight, a column of `levels`
  std::vector<float> levels = {};        ///< groups × levels, ascending: ŵ of each code
  std::vector<double> scales = {};       ///< groups × 1 or 2, as the run recorded them
  std::vector<double> unit_levels = {};  ///< before scaling; empty: the method has none

  std::size_t level_count() const { return levels.size() / groups; }
  /// ŵ, bit by bit what the network computed with.
  FloatTensor values() const;
};

enum class Epoch { best, last };

/// A network as a run left it, without LibTorch.
struct Trained {
  record::RunIdentity identity;
  std::string config_yaml, git_commit;
  config::Tree config;
  std::int64_t epoch = 0;
  bool best = false;                     ///< of the best epoch, not the last
  std::map<std::string, double> scores;  ///< recorded at that epoch: test_error (percent) …
  std::map<std::string, QuantizedTensor> quantized;
  std::map<std::string, FloatTensor> floats;  ///< the other parameters and buffers
  std::string vocabulary;                     ///< of text
  std::vector<float> mean;                    ///< that pictures are without, where it is kept
};

/// Reads a run's folder: best.h5, or checkpoint.h5 for the last epoch, where a run without best.h5
/// has only that. Errors: no such run, files that cannot be used, a run that stopped within an
/// epoch.
Trained read_trained(const std::filesystem::path& run, Epoch epoch);

}  // namespace laq::deploy
