#include "train/character_model.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "nn/model.hpp"
#include "record/run_identity.hpp"

namespace laq::train {
namespace fs = std::filesystem;
namespace {

std::int64_t draw(std::span<const float> scores, double temperature, RandomStream& stream) {
  const auto likeliest = std::max_element(scores.begin(), scores.end());
  if (temperature == 0) return likeliest - scores.begin();
  std::vector<double> sums;  // of e to the scores
  double sum = 0;
  for (const float score : scores) {
    sum += std::exp((static_cast<double>(score) - static_cast<double>(*likeliest)) / temperature);
    sums.push_back(sum);
  }
  const double at = stream.uniform() * sum;
  std::size_t chosen = 0;
  while (chosen + 1 < sums.size() && sums[chosen] <= at) ++chosen;
  return static_cast<std::int64_t>(chosen);
}

std::string vocabulary_of(const fs::path& run) {
  const std::string characters = vocabulary_in(open_checkpoint(run).state());
  if (!characters.empty()) return characters;
  throw Error({.what = "the run is not of a character model",
               .where = run.string(),
               .expected = "a run on a dataset of text"});
}

}  // namespace

record::CheckpointReader open_checkpoint(const fs::path& run) {
  if (!fs::is_directory(run)) {
    throw Error(
        {.what = "there is no such run",
         .where = run.string(),
         .advice = "name a run's folder, such as results/runs/EXPERIMENT/METHOD-HASH/seed-1"});
  }
  record::CheckpointReader checkpoint(run / "checkpoint.h5");
  record::require_run(checkpoint.file(), record::identity_of(checkpoint.state()),
                      record::identity_by_name(run));
  return checkpoint;
}

std::string vocabulary_in(const record::CheckpointState& state) {
  const auto found = state.texts.find("vocabulary");
  return found == state.texts.end() ? std::string() : characters_of(found->second);
}

std::string characters_of(const std::string& digits) {
  std::string characters;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    characters += static_cast<char>(byte);
  }
  return characters;
}

std::string continue_text(const data::Vocabulary& vocabulary, const std::string& prompt,
                          const SampleOptions& options, const ReadCharacter& read) {
  if (prompt.empty()) {
    throw usage_error({.what = "the prompt is empty",
                       .where = "--prompt",
                       .expected = "at least one character to begin with"});
  }
  std::vector<std::uint8_t> codes;
  try {
    codes = vocabulary.encode(prompt, "--prompt");
  } catch (const Error& error) {
    throw usage_error({.what = error.what()});
  }
  std::span<const float> scores;
  for (const std::uint8_t code : codes) scores = read(code);
  RandomStream stream(options.seed, "sample");
  std::string text;
  for (std::int64_t i = 0; i < options.length; ++i) {
    const std::int64_t code = draw(scores, options.temperature, stream);
    text += vocabulary.decode(code);
    scores = read(code);
  }
  return text;
}

CharacterModel::CharacterModel(const fs::path& run) : vocabulary_(vocabulary_of(run)) {
  const config::Tree tree = config::load_yaml(run / "config.yaml");
  config::Reader section(tree.find("model"), "model");
  network_ = nn::make_model(section, {{}, vocabulary_.size()}, 0);
  network_->eval();
  const record::CheckpointReader checkpoint = open_checkpoint(run);
  const auto restore = [&](const auto& tensors) {
    for (const auto& item : tensors) {
      const at::Tensor values = item.value().detach();
      if (values.scalar_type() != at::kFloat) continue;  // counters, for training
      checkpoint.read_into(
          "model:" + item.key(),
          std::span(values.template data_ptr<float>(), static_cast<std::size_t>(values.numel())));
    }
  };
  restore(network_->named_parameters());
  restore(network_->named_buffers());
}

std::string CharacterModel::sample(const std::string& prompt, const SampleOptions& options) {
  nn::Model::Memory state;
  at::Tensor scores;
  return continue_text(vocabulary_, prompt, options, [&](std::int64_t character) {
    scores = network_->read(character, state).contiguous();
    return std::span<const float>(scores.data_ptr<float>(),
                                  static_cast<std::size_t>(scores.numel()));
  });
}

}  // namespace laq::train
