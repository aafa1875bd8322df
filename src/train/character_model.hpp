#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "data/text_data.hpp"
#include "record/checkpoint.hpp"

namespace laq::nn {
class Model;
}

namespace laq::train {

struct SampleOptions {
  std::int64_t length = 0;  ///< characters after the prompt
  double temperature = 1;   ///< scores are divided by it; 0: always the likeliest character
  std::uint64_t seed = 1;
};

/// Reads a character by its number in the vocabulary; the scores of the one that follows, which
/// live until the next call.
using ReadCharacter = std::function<std::span<const float>(std::int64_t character)>;

/// What follows the prompt. Every character is drawn from the softmax of the scores; the state of
/// whoever reads is carried on and never reset. Error (usage): the prompt is empty or has a
/// character that training never saw.
std::string continue_text(const data::Vocabulary& vocabulary, const std::string& prompt,
                          const SampleOptions& options, const ReadCharacter& read);

/// The checkpoint in a run's folder. Errors: no such folder, a damaged checkpoint or another
/// run's.
record::CheckpointReader open_checkpoint(const std::filesystem::path& run);
/// The characters that a checkpoint's network knows; empty when it reads none.
std::string vocabulary_in(const record::CheckpointState& state);
/// Of two hexadecimal digits for each.
std::string characters_of(const std::string& digits);

/// A trained character model with its weights as the network uses them (quantized).
class CharacterModel {
 public:
  /// Reads config.yaml and checkpoint.h5 of a run's folder: the state after its last epoch. Errors:
  /// no such folder, not a run of a character model, a damaged checkpoint or another run's.
  explicit CharacterModel(const std::filesystem::path& run);

  /// As `continue_text`.
  std::string sample(const std::string& prompt, const SampleOptions& options);

 private:
  data::Vocabulary vocabulary_;
  std::shared_ptr<nn::Model> network_;
};

}  // namespace laq::train
