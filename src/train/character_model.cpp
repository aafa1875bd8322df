#include "train/character_model.hpp"

#include <ATen/ATen.h>

#include <charconv>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "record/run_identity.hpp"

namespace laq::train {
namespace fs = std::filesystem;
namespace {

record::CheckpointReader open(const fs::path& run) {
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

std::string vocabulary_of(const record::CheckpointReader& checkpoint, const fs::path& run) {
  const auto found = checkpoint.state().texts.find("vocabulary");
  if (found == checkpoint.state().texts.end() || found->second.size() < 2) {
    throw Error({.what = "the run is not of a character model",
                 .where = run.string(),
                 .expected = "a run on a dataset of text"});
  }
  const std::string& digits = found->second;
  std::string characters;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    characters += static_cast<char>(byte);
  }
  return characters;
}

std::int64_t draw(const at::Tensor& scores, double temperature, RandomStream& stream) {
  if (temperature == 0) return scores.argmax().item<std::int64_t>();
  const at::Tensor shares = at::softmax(scores.to(at::kDouble) / temperature, 0).cumsum(0);
  const double* values = shares.data_ptr<double>();
  const double at = stream.uniform() * values[shares.numel() - 1];
  std::int64_t chosen = 0;
  while (chosen + 1 < shares.numel() && values[chosen] <= at) ++chosen;
  return chosen;
}

}  // namespace

CharacterModel::CharacterModel(const fs::path& run) : vocabulary_(vocabulary_of(open(run), run)) {
  const config::Tree tree = config::load_yaml(run / "config.yaml");
  config::Reader section(tree.find("model"), "model");
  network_ = nn::make_model(section, {{}, vocabulary_.size()}, 0);
  network_->eval();
  const record::CheckpointReader checkpoint = open(run);
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
  if (prompt.empty()) {
    throw usage_error({.what = "the prompt is empty",
                       .where = "--prompt",
                       .expected = "at least one character to begin with"});
  }
  std::vector<std::uint8_t> codes;
  try {
    codes = vocabulary_.encode(prompt, "--prompt");
  } catch (const Error& error) {
    throw usage_error({.what = error.what()});
  }
  nn::Model::Memory state;
  at::Tensor scores;
  for (const std::uint8_t code : codes) scores = network_->read(code, state);
  RandomStream stream(options.seed, "sample");
  std::string text;
  for (std::int64_t i = 0; i < options.length; ++i) {
    const std::int64_t code = draw(scores, options.temperature, stream);
    text += vocabulary_.decode(code);
    scores = network_->read(code, state);
  }
  return text;
}

}  // namespace laq::train
