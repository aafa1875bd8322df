#include "quant/rule.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <map>

#include "core/error.hpp"
#include "core/text.hpp"
#include "method_sources.hpp"

namespace laq::quant {
namespace {

struct Registered {
  RuleMaker maker;
  std::string source;
};

std::map<std::string, Registered>& registry() {
  static std::map<std::string, Registered> rules;
  return rules;
}

// "" for a rule that is not in src/quant, such as a test's.
std::string source_hash(const std::filesystem::path& file) {
  for (const auto& [name, hash] : kMethodSources) {
    if (file.filename() == name) return hash;
  }
  return "";
}

}  // namespace

std::vector<int> codes_of(const Rule& rule) {
  constexpr std::array weights{-1.0f, -0.25f, 0.25f, 1.0f}, curvature{1.0f, 1.0f, 1.0f, 1.0f};
  return rule.fit({weights, curvature, {}, {}}).codes;
}

const std::vector<std::pair<std::string, Grouping>>& grouping_names() {
  static const std::vector<std::pair<std::string, Grouping>> names = {{"tensor", Grouping::tensor},
                                                                      {"row", Grouping::row}};
  return names;
}

RegisterRule::RegisterRule(const std::string& name, RuleMaker maker, const char* file) {
  registry()[name] = {std::move(maker), source_hash(file)};
}

Quantizer make_quantizer(config::Section& section) {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const auto& [name, registered] : registry()) choices.emplace_back(name, name);
  const auto name = section.choice<std::string>("rule", std::string("proximal"), choices);
  Quantizer quantizer;
  const Registered& registered = registry().at(name);
  quantizer.rule = registered.maker(section);
  if (quantizer.rule) {
    quantizer.source = registered.source;
    quantizer.group = section.choice<Grouping>("group", Grouping::tensor, grouping_names());
  }
  return quantizer;
}

void require_usable(const Group& group) {
  for (std::size_t i = 0; i < group.latent.size(); ++i) {
    if (!std::isfinite(group.latent[i])) {
      throw Error({.what = fmt::format("weight {} is not finite", i),
                   .found = fmt::format("{}", group.latent[i]),
                   .expected = "finite numbers"},
                  Error::Kind::not_finite);
    }
  }
  for (std::size_t i = 0; i < group.curvature.size(); ++i) {
    if (!std::isfinite(group.curvature[i]) || group.curvature[i] <= 0) {
      throw Error({.what = fmt::format("curvature {} is not a positive finite number", i),
                   .found = fmt::format("{}", group.curvature[i]),
                   .expected = "d > 0"},
                  Error::Kind::not_finite);
    }
  }
}

}  // namespace laq::quant
