#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/text_data.hpp"
#include "nn/model.hpp"

namespace laq::train {

struct SampleOptions {
  std::int64_t length = 0;  ///< characters after the prompt
  double temperature = 1;   ///< scores are divided by it; 0: always the likeliest character
  std::uint64_t seed = 1;
};

/// A trained character model with its weights as the network uses them (quantized).
class CharacterModel {
 public:
  /// Reads config.yaml and checkpoint.h5 of a run's folder: the state after its last epoch. Errors:
  /// no such folder, not a run of a character model, a damaged checkpoint or another run's.
  explicit CharacterModel(const std::filesystem::path& run);

  /// What follows the prompt. Every character is drawn from the network's softmax output; the
  /// network's state is carried on and never reset. Error (usage): the prompt is empty or has a
  /// character that training never saw.
  std::string sample(const std::string& prompt, const SampleOptions& options);

 private:
  data::Vocabulary vocabulary_;
  std::shared_ptr<nn::Model> network_;
};

}  // namespace laq::train
