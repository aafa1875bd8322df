#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "data/locate.hpp"
#include "deploy/network.hpp"

namespace laq::deploy {

/// What came of an export, all in bytes.
struct Exported {
  std::size_t file = 0;    ///< on disk
  std::size_t codes = 0;   ///< packed weights
  std::size_t scales = 0;  ///< scales and levels
  std::size_t rest = 0;    ///< biases, batch norm, weights in float32, vocabulary
  std::size_t preprocessing = 0;
  std::size_t weights = 0;  ///< quantized weights
  /// What has to be kept, without the header.
  std::size_t information() const { return codes + scales + rest + preprocessing; }
};

/// What the preprocessing of pictures needs, as far as the runtime knows it.
struct Preprocessing {
  std::string kind;              ///< none, mean_image, gcn, gcn_zca or outside
  std::vector<float> mean;       ///< of mean_image and gcn_zca
  std::vector<float> whitening;  ///< features × features
};

/// Reads the run's dataset for it. Errors: of the files.
Preprocessing preprocessing_of(const Trained& trained, const data::DatasetSpec& dataset,
                               const data::DataPaths& paths);

/// The dataset as the run's configuration names it. Errors: it has changed since.
data::DatasetSpec dataset_of(const Trained& trained, const std::filesystem::path& configs);

/// What `export_packed` makes of the best epoch in a run's folder, by the same way; nothing is
/// written, and no data read.
Exported measure_packed(const std::filesystem::path& run, const data::DatasetSpec& dataset);

/// Packed codes for the runtime.
Exported export_packed(const Trained& trained, const Network& network,
                       const data::DatasetSpec& dataset, const Preprocessing& preprocessing,
                       const std::filesystem::path& file);

/// ŵ and all else in float32 under the names of the network's `state_dict`.
Exported export_floats(const Trained& trained, const std::filesystem::path& file);

/// ŵ in float32 as an ONNX network. Errors: a layer that is not known there.
Exported export_onnx(const Trained& trained, const Network& network,
                     const std::filesystem::path& file);

}  // namespace laq::deploy
