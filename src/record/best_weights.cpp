#include "record/best_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "record/history.hpp"

namespace laq::record {
namespace {

constexpr std::int64_t kLayout = 1;
const std::string kQuantized = "/quantized", kFloat = "/float", kInput = "/input",
                  kScores = "/scores";

// The narrower type compresses better.
void write_codes(Hdf5Writer& out, const std::string& path, const QuantizedWeights& weights) {
  using Byte = std::int8_t;
  const auto fits = [](std::int64_t code) {
    return code >= std::numeric_limits<Byte>::min() && code <= std::numeric_limits<Byte>::max();
  };
  if (!std::all_of(weights.level_codes.begin(), weights.level_codes.end(), fits))
    return out.write<std::int16_t>(path, weights.codes, weights.shape);
  const std::vector<Byte> narrow(weights.codes.begin(), weights.codes.end());
  out.write<Byte>(path, narrow, weights.shape);
}

void write_quantized(Hdf5Writer& out, const QuantizedWeights& weights) {
  check_name(weights.name, "weight");
  const std::string path = kQuantized + "/" + weights.name;
  write_codes(out, path + "/codes", weights);
  out.write<float>(path + "/levels", weights.levels, {weights.groups, weights.level_codes.size()});
  out.integers(path + "/levels", "codes", weights.level_codes);
  out.write<double>(path + "/scales", weights.scales,
                    {weights.groups, weights.scales.size() / weights.groups});
}

void write_floats(Hdf5Writer& out, const std::string& group,
                  const std::vector<FloatValues>& arrays) {
  out.group(group);
  for (const FloatValues& array : arrays) {
    check_name(array.name, "parameter");
    out.write<float>(group + "/" + array.name, array.values, array.shape);
  }
}

QuantizedWeights read_quantized(const Hdf5Reader& in, const std::string& name) {
  const std::string path = kQuantized + "/" + name;
  auto codes = in.read<std::int16_t>(path + "/codes", {1, 8});
  auto levels = in.read<float>(path + "/levels", {2, 2});
  QuantizedWeights weights{.name = name,
                           .shape = std::move(codes.shape),
                           .codes = std::move(codes.values),
                           .level_codes = in.integers(path + "/levels", "codes"),
                           .groups = levels.shape[0],
                           .levels = std::move(levels.values),
                           .scales = in.read<double>(path + "/scales", {2, 2}).values};
  const bool fits = weights.groups > 0 && weights.codes.size() % weights.groups == 0 &&
                    weights.levels.size() == weights.groups * weights.level_codes.size() &&
                    !weights.codes.empty() && !weights.levels.empty() && !weights.scales.empty() &&
                    weights.scales.size() % weights.groups == 0 &&
                    std::ranges::all_of(weights.levels, [](float x) { return std::isfinite(x); });
  if (!fits) {
    throw Error(
        {.what = "codes, levels and scales do not fit each other",
         .where = in.file().string() + ":" + path,
         .found = fmt::format("{} codes, {} levels, {} scales in {} groups", weights.codes.size(),
                              weights.levels.size(), weights.scales.size(), weights.groups)});
  }
  return weights;
}

std::vector<FloatValues> read_floats(const Hdf5Reader& in, const std::string& group) {
  std::vector<FloatValues> arrays;
  for (const auto& name : in.names(group)) {
    auto array = in.read<float>(group + "/" + name, {0, 8});
    arrays.push_back({name, std::move(array.shape), std::move(array.values)});
  }
  return arrays;
}

}  // namespace

std::vector<std::size_t> QuantizedWeights::columns() const {
  std::vector<std::size_t> all(codes.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto at = std::lower_bound(level_codes.begin(), level_codes.end(), codes[i]);
    if (at == level_codes.end() || *at != codes[i]) {
      throw Error({.what = fmt::format("code {} of '{}' has no level", i, name),
                   .found = std::to_string(codes[i])});
    }
    all[i] = static_cast<std::size_t>(at - level_codes.begin());
  }
  return all;
}

std::vector<float> QuantizedWeights::values() const {
  const std::vector<std::size_t> at = columns();
  std::vector<float> all(codes.size());
  const std::size_t size = codes.size() / groups, count = level_codes.size();
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = levels[i / size * count + at[i]];
  return all;
}

void write_best_weights(const std::filesystem::path& file, const BestWeights& best) {
  write_hdf5(file, [&](Hdf5Writer& out) {
    out.text("/", "creator", "laq");
    out.integer("/", "best_weights_layout", kLayout);
    out.text("/", "experiment", best.run.experiment);
    out.text("/", "method", best.run.method);
    out.text("/", "config_hash", best.run.hash);
    out.integer("/", "seed", best.run.seed.value_or(0));
    out.integer("/", "epoch", best.epoch);
    for (const auto& [name, text] : best.texts) out.text("/", name, text);
    out.group(kScores);
    for (const auto& [name, value] : best.scores) out.real(kScores, name, value);
    out.group(kQuantized);
    for (const auto& weights : best.quantized) write_quantized(out, weights);
    write_floats(out, kFloat, best.plain);
    write_floats(out, kInput, best.input);
  });
}

BestWeights read_best_weights(const std::filesystem::path& file) {
  const Hdf5Reader in(file);
  if (!in.has_attribute("/", "best_weights_layout")) {
    throw Error({.what = "does not hold the weights of a run's best epoch",
                 .where = file.string(),
                 .expected = "best.h5 of a run's folder"});
  }
  if (const auto layout = in.integer("/", "best_weights_layout"); layout != kLayout) {
    throw Error({.what = "has an unknown layout",
                 .where = file.string(),
                 .found = std::to_string(layout),
                 .expected = std::to_string(kLayout),
                 .advice = "read it with the version that wrote it"});
  }
  BestWeights best;
  best.run = {in.text("/", "experiment"), in.text("/", "method"), in.text("/", "config_hash"),
              in.integer("/", "seed")};
  best.epoch = in.integer("/", "epoch");
  for (const auto& name : in.attribute_names("/")) {
    if (in.attribute("/", name).kind == Content::Kind::text) best.texts[name] = in.text("/", name);
  }
  for (const char* name : {"creator", "experiment", "method", "config_hash"})
    best.texts.erase(name);
  for (const auto& name : in.attribute_names(kScores)) best.scores[name] = in.real(kScores, name);
  for (const auto& name : in.names(kQuantized)) best.quantized.push_back(read_quantized(in, name));
  best.plain = read_floats(in, kFloat);
  best.input = read_floats(in, kInput);
  return best;
}

}  // namespace laq::record
