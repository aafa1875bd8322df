#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "deploy/evaluate.hpp"
#include "nn/model.hpp"

namespace laq::test {

/// The same network twice: in LibTorch with ŵ in float32, and packed in a file.
struct NetworkPair {
  std::shared_ptr<nn::Model> model;
  std::filesystem::path file;
  std::size_t bytes = 0;
};

/// How its weights are made: drawn, and quantized by this method.
struct Wanted {
  std::string model;   ///< YAML of `model:`
  std::string method;  ///< name below configs/methods
  nn::Shape shape;
};

/// Writes the file into `folder`.
NetworkPair make_network_pair(const std::filesystem::path& configs, const Wanted& wanted,
                              const std::filesystem::path& folder);

}  // namespace laq::test
