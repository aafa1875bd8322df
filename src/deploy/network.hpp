#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset_spec.hpp"
#include "deploy/trained.hpp"

namespace laq::deploy {

/// A trained network as layers, with batch norm folded: what a file says of it and what it holds.
struct Network {
  using Json = nlohmann::ordered_json;

  Json input;   ///< {"kind": "picture", "channels", "height", "width"} or {"kind": "characters",
                ///< "size"}
  Json layers;  ///< docs/shipping.md lists them
  std::size_t outputs = 0;
  /// Names in the file, and in `Trained`.
  std::vector<std::pair<std::string, std::string>> weights;
  /// What is float32 for each unit: biases, and batch norm's factors and summands.
  std::vector<std::pair<std::string, std::vector<float>>> vectors;
};

/// Errors: a kind of network that cannot be exported; parameters that are missing or of another
/// shape.
Network network_of(const Trained& trained, const data::DatasetSpec& dataset);

}  // namespace laq::deploy
