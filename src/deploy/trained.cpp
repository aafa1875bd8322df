#include "deploy/trained.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "core/files.hpp"
#include "quant/quantizer.hpp"
#include "record/best_weights.hpp"
#include "record/checkpoint.hpp"
#include "record/run_record.hpp"
#include "train/character_model.hpp"

namespace laq::deploy {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostLevels = 256;

std::shared_ptr<const quant::Quantizer> method_of(const config::Tree& config) {
  config::Reader section(config.find("quantizer"), "quantizer");
  return quant::make_quantizer(section).method;
}

// The method's levels before scaling, or nothing.
std::vector<double> unit_levels(const quant::Quantizer* method) {
  std::vector<double> levels;
  if (!method) return levels;
  for (const int code : quant::codes_of(*method)) {
    const auto level = method->level(code);
    if (!level) return {};
    levels.push_back(*level);
  }
  return levels;
}

// The values that occur in each group, where the checkpoint does not tell the levels.
std::vector<float> levels_that_occur(const FloatTensor& tensor, std::size_t groups) {
  const std::size_t size = tensor.values.size() / groups;
  std::vector<std::vector<float>> of_group;
  std::size_t most = 2;
  for (std::size_t g = 0; g < groups; ++g) {
    std::set<float> found;
    for (std::size_t i = 0; i < size && found.size() <= kMostLevels; ++i)
      found.insert(tensor.values[g * size + i]);
    of_group.emplace_back(found.begin(), found.end());
    most = std::max(most, found.size());
  }
  std::vector<float> levels;
  for (auto& values : of_group) {
    values.resize(most, values.back());
    levels.insert(levels.end(), values.begin(), values.end());
  }
  return levels;
}

// False: a weight has none of the levels.
bool encode(const FloatTensor& tensor, QuantizedTensor& out) {
  const std::size_t size = tensor.values.size() / out.groups, count = out.level_count();
  out.codes.resize(tensor.values.size());
  for (std::size_t g = 0; g < out.groups; ++g) {
    const auto first = out.levels.begin() + static_cast<std::ptrdiff_t>(g * count);
    const auto last = first + static_cast<std::ptrdiff_t>(count);
    for (std::size_t i = g * size; i < (g + 1) * size; ++i) {
      const auto at = std::lower_bound(first, last, tensor.values[i]);
      if (at == last || *at != tensor.values[i]) return false;
      out.codes[i] = static_cast<std::uint8_t>(at - first);
    }
  }
  return true;
}

QuantizedTensor quantized(const record::CheckpointReader& checkpoint, const std::string& name,
                          const FloatTensor& tensor, const std::vector<double>& unit_levels,
                          bool relaxed) {
  const std::string state = "optimizer:" + name;
  QuantizedTensor out{.shape = tensor.shape};
  out.groups = checkpoint.shape(state + ":scales").at(0);
  out.scales = checkpoint.read<double>(state + ":scales");
  if (out.groups == 0 || tensor.values.empty() || tensor.values.size() % out.groups != 0) {
    throw Error(
        {.what = "weights and scales do not fit each other",
         .where = checkpoint.file().string() + ": " + name,
         .found = fmt::format("{} weights in {} groups", tensor.values.size(), out.groups)});
  }
  out.unit_levels = unit_levels;
  if (checkpoint.has(state + ":levels")) {
    const auto levels = checkpoint.read<double>(state + ":levels");
    out.levels.assign(levels.begin(), levels.end());
    if (encode(tensor, out)) return out;
    if (relaxed) {
      throw Error({.what = "the weights of '" + name + "' are not discrete yet",
                   .where = checkpoint.file().string(),
                   .found = "a method that anneals, before its last phase",
                   .expected = "weights at " + std::to_string(out.level_count()) + " levels",
                   .advice = "let the run go on to its end"});
    }
  }
  out.unit_levels = {};
  out.levels = levels_that_occur(tensor, out.groups);
  if (out.level_count() <= kMostLevels && encode(tensor, out)) return out;
  throw Error({.what = "the weights of '" + name + "' are not quantized",
               .where = checkpoint.file().string(),
               .found = fmt::format("more than {} values", kMostLevels)});
}

Trained last_epoch(const fs::path& run) {
  const record::CheckpointReader checkpoint = train::open_checkpoint(run);
  const record::CheckpointState& state = checkpoint.state();
  Trained out;
  out.identity = record::identity_of(state);
  out.config_yaml = read_file(run / "config.yaml");
  out.config = config::load_yaml(run / "config.yaml");
  const auto counter = [&](const char* name) {
    const auto found = state.counters.find(name);
    return found == state.counters.end() ? 0 : found->second;
  };
  if (counter("step_in_epoch") != 0) {
    throw Error({.what = "the run stopped within an epoch, of which nothing is recorded",
                 .where = run.string(),
                 .advice = "let it go on to the epoch's end"});
  }
  out.epoch = counter("epoch");
  const auto& epochs = state.history.epochs;
  if (epochs.rows() > 0 && epochs.index.back() == out.epoch) out.scores = epochs.last_scores();
  out.vocabulary = train::vocabulary_in(state);
  const auto method = method_of(out.config);
  const std::vector<double> levels = unit_levels(method.get());
  const bool relaxed = method && !method->discrete(0);
  const std::string prefix = "model:";
  for (const auto& blob : checkpoint.blobs()) {
    // What is counted, of batch norm or dropout, is of no use after training.
    if (!blob.starts_with(prefix) || checkpoint.type(blob) != record::type_name<float>()) continue;
    const std::string name = blob.substr(prefix.size());
    FloatTensor tensor{checkpoint.shape(blob), checkpoint.read<float>(blob)};
    if (checkpoint.has("optimizer:" + name + ":scales")) {
      out.quantized.emplace(name, quantized(checkpoint, name, tensor, levels, relaxed));
    } else {
      out.floats.emplace(name, std::move(tensor));
    }
  }
  return out;
}

// The method's codes as columns of its levels.
QuantizedTensor columns(const record::QuantizedWeights& weights,
                        const std::vector<double>& unit_levels) {
  QuantizedTensor out{.shape = weights.shape,
                      .groups = weights.groups,
                      .levels = weights.levels,
                      .scales = weights.scales,
                      .unit_levels = unit_levels};
  for (const std::size_t column : weights.columns())
    out.codes.push_back(static_cast<std::uint8_t>(column));
  return out;
}

Trained best_epoch(const fs::path& run) {
  const record::BestWeights best = record::read_best_weights(run / "best.h5");
  record::require_run(run / "best.h5", best.run, record::identity_by_name(run));
  const auto text = [&](const char* name) {
    const auto found = best.texts.find(name);
    return found == best.texts.end() ? std::string() : found->second;
  };
  Trained out;
  out.identity = best.run;
  out.config_yaml = text("config_yaml");
  out.config = config::parse_yaml(out.config_yaml, (run / "best.h5").string());
  out.epoch = best.epoch;
  out.best = true;
  out.scores = best.scores;
  out.vocabulary = train::characters_of(text("vocabulary"));
  const std::vector<double> levels = unit_levels(method_of(out.config).get());
  for (const auto& weights : best.quantized) {
    if (weights.level_codes.size() > kMostLevels) {
      throw Error({.what = "the weights of '" + weights.name + "' have too many levels",
                   .found = std::to_string(weights.level_codes.size()),
                   .expected = fmt::format("at most {}", kMostLevels)});
    }
    out.quantized.emplace(weights.name, columns(weights, levels));
  }
  for (const auto& values : best.plain)
    out.floats.emplace(values.name, FloatTensor{values.shape, values.values});
  for (const auto& values : best.input) {
    if (values.name == "mean") out.mean = values.values;
  }
  return out;
}

}  // namespace

FloatTensor QuantizedTensor::values() const {
  FloatTensor out{shape, std::vector<float>(codes.size())};
  const std::size_t size = codes.size() / groups;
  for (std::size_t i = 0; i < codes.size(); ++i)
    out.values[i] = levels[i / size * level_count() + codes[i]];
  return out;
}

Trained read_trained(const fs::path& run, Epoch epoch) {
  const bool best = epoch == Epoch::best && fs::exists(run / "best.h5");
  Trained out = best ? best_epoch(run) : last_epoch(run);
  if (fs::exists(run / "run.h5")) out.git_commit = record::read_provenance(run / "run.h5").build();
  return out;
}

}  // namespace laq::deploy
