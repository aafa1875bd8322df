#include "quant/quantizer.hpp"

#include <array>
#include <filesystem>
#include <map>

#include "core/parallel.hpp"
#include "core/text.hpp"
#include "method_sources.hpp"
#include "quant/device_fit.hpp"

namespace laq::quant {
namespace {

struct Registered {
  MethodMaker maker;
  std::string source;
};

std::map<std::string, Registered>& registry() {
  static std::map<std::string, Registered> methods;
  return methods;
}

// "" for a method that is not in src/quant, such as a test's.
std::string source_hash(const std::filesystem::path& file) {
  for (const auto& [name, hash] : kMethodSources) {
    if (file.filename() == name) return hash;
  }
  return "";
}

}  // namespace

DeviceFit Quantizer::device_fit() const {
  return {};
}

Codebook fit(const Quantizer& quantizer, const Group& group) {
  GroupSums sums(group, quantizer.needs(group));
  for_cache_blocks(group.latent.size(), [&](std::size_t begin, std::size_t count) {
    sums.add(begin, count, curvature_at(group, begin));
  });
  sums.close();
  return quantizer.fit(sums);
}

std::vector<int> codes_of(const Quantizer& quantizer) {
  constexpr std::array weights{-1.0f, -0.25f, 0.25f, 1.0f}, curvature{1.0f, 1.0f, 1.0f, 1.0f};
  return fit(quantizer, {weights, curvature, {}, {}}).codes;
}

const std::vector<std::pair<std::string, Grouping>>& grouping_names() {
  static const std::vector<std::pair<std::string, Grouping>> names = {{"tensor", Grouping::tensor},
                                                                      {"row", Grouping::row}};
  return names;
}

RegisterMethod::RegisterMethod(const std::string& name, MethodMaker maker, const char* file) {
  registry()[name] = {std::move(maker), source_hash(file)};
}

Quantization make_quantizer(config::Reader& section) {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const auto& [name, registered] : registry()) choices.emplace_back(name, name);
  const auto name = section.choice<std::string>("rule", std::string("proximal"), choices);
  Quantization quantizer;
  const Registered& registered = registry().at(name);
  quantizer.method = registered.maker(section);
  if (quantizer.method) {
    quantizer.source = registered.source;
    quantizer.group = section.choice<Grouping>("group", Grouping::tensor, grouping_names());
  }
  return quantizer;
}

}  // namespace laq::quant
