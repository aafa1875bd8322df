#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "record/hdf5.hpp"
#include "record/run_identity.hpp"

namespace laq::record {

/// A weight of the network as its quantizer left it. Weights that share a scale are contiguous:
/// the array is `groups` equal blocks of it.
struct QuantizedWeights {
  std::string name;  ///< "dense1.weight"
  Shape shape;
  std::vector<std::int16_t> codes;        ///< of every weight
  std::vector<std::int64_t> level_codes;  ///< the method's codes, ascending
  std::size_t groups = 1;
  std::vector<float> levels;   ///< groups x level_codes: ŵ of each code
  std::vector<double> scales;  ///< groups x 1 (α) or 2 (α, β)

  bool operator==(const QuantizedWeights&) const = default;
  /// Of every weight, the column of `levels`. Error: a code that is none of the levels'.
  std::vector<std::size_t> columns() const;
  /// ŵ, bit by bit what the network computes with. Error: likewise.
  std::vector<float> values() const;
};

/// What is not quantized: biases, normalisation and its statistics, weights in full precision.
struct FloatValues {
  std::string name;
  Shape shape;
  std::vector<float> values;

  bool operator==(const FloatValues&) const = default;
};

/// The content of best.h5: a trained network, and what its input and its scores were.
struct BestWeights {
  RunIdentity run;
  std::int64_t epoch = 0;
  std::map<std::string, double> scores;      ///< valid_error, test_error … at that epoch
  std::map<std::string, std::string> texts;  ///< config_yaml, dataset, dataset_sha256, …
  std::vector<QuantizedWeights> quantized;
  std::vector<FloatValues> plain;
  std::vector<FloatValues> input;  ///< statistics of the preprocessing: `mean`
};

/// Replaces the file whole; errors leave the old one as it was. Arrays are compressed.
void write_best_weights(const std::filesystem::path& file, const BestWeights& best);

/// Errors: missing, not HDF5, damaged, not such a file.
BestWeights read_best_weights(const std::filesystem::path& file);

}  // namespace laq::record
