#include "support/methods.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "config/reader.hpp"
#include "support/scratch.hpp"

namespace laq::test {
namespace {

std::string text_of(const config::Tree& tree, const std::string& key) {
  const config::Tree* found = tree.find(key);
  return found && found->scalar() ? *found->scalar() : "";
}

Axes axes_of(const config::Tree& quantizer) {
  const std::string rule = text_of(quantizer, "rule");
  return {rule.empty() ? text_of(quantizer, "levels") : rule, text_of(quantizer, "scaling"),
          text_of(quantizer, "curvature"), text_of(quantizer, "solver"), 0};
}

std::vector<Method> configured_methods() {
  std::vector<Method> methods;
  for (const auto& file : std::filesystem::directory_iterator(project_configs() / "methods")) {
    const config::Tree tree = config::load_yaml(file.path());
    config::Reader section(tree.find("quantizer"), "quantizer");
    if (const auto rule = quant::make_quantizer(section).method) {
      methods.push_back({file.path().stem().string(), rule, axes_of(*tree.find("quantizer"))});
    }
  }
  return methods;
}

std::vector<Method> discrete_methods() {
  std::vector<Method> methods = configured_methods();
  std::erase_if(methods, [](const Method& one) { return !one.quantizer->discrete(0); });
  for (const auto& axes : all_axes()) {
    if (misplaced_key(axes).empty() && axes.levels != "none")
      methods.push_back({axes.yaml(), quantizer_of(axes.yaml()).method, axes});
  }
  return methods;
}

}  // namespace

std::string Axes::yaml() const {
  return fmt::format("{{levels: {}, scaling: {}, curvature: {}, solver: {}{}}}", levels, scaling,
                     curvature, solver, bits ? fmt::format(", bits: {}", bits) : "");
}

std::vector<Axes> all_axes() {
  std::vector<Axes> all;
  for (const char* levels : {"binary", "ternary", "linear", "log"}) {
    for (const int bits : {0, 2, 3, 4, 8}) {
      for (const char* scaling : {"unit", "symmetric", "asymmetric"}) {
        for (const char* curvature : {"adam", "none"}) {
          for (const char* solver : {"exact", "alternating", "heuristic", "absmean"})
            all.push_back({levels, scaling, curvature, solver, bits});
        }
      }
    }
  }
  return all;
}

std::string misplaced_key(const Axes& axes) {
  const bool many = axes.levels == "linear" || axes.levels == "log";
  if (many != (axes.bits > 0)) return "bits";
  if (axes.scaling == "unit" && axes.curvature == "adam") return "curvature";
  if (axes.scaling == "unit" && axes.solver != "exact") return "solver";
  if (axes.levels == "binary" && axes.solver == "alternating") return "solver";
  const bool heuristic = axes.solver == "heuristic" || axes.solver == "absmean";
  if (heuristic && (axes.levels != "ternary" || axes.curvature == "adam")) return "solver";
  if (axes.solver == "absmean" && axes.scaling != "symmetric") return "solver";
  return "";
}

const std::vector<Method>& all_methods() {
  static const std::vector<Method> methods = discrete_methods();
  return methods;
}

const std::vector<Method>& relaxed_methods() {
  static const std::vector<Method> methods = [] {
    std::vector<Method> all = configured_methods();
    std::erase_if(all, [](const Method& one) { return one.quantizer->discrete(0); });
    for (const char* levels :
         {"binary, scaling: unit, curvature: none", "binary", "ternary, scaling: asymmetric",
          "log, bits: 3, solver: alternating", "linear, bits: 3"}) {
      for (const char* kind :
           {"binary_relax", "proxquant", "proxquant, penalty: absolute", "parq"}) {
        const std::string yaml = fmt::format("{{levels: {}, relaxation: {}}}", levels, kind);
        all.push_back({yaml, quantizer_of(yaml).method, {}});
      }
    }
    return all;
  }();
  return methods;
}

const Method& method(const std::string& name) {
  for (const auto* methods : {&all_methods(), &relaxed_methods()}) {
    for (const auto& one : *methods) {
      if (one.name == name) return one;
    }
  }
  throw std::runtime_error("no method " + name);
}

quant::Quantization quantizer_of(const std::string& yaml) {
  const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
  config::Reader section(&tree, "quantizer");
  quant::Quantization quantizer = quant::make_quantizer(section);
  section.finish();
  return quantizer;
}

Quantized quantize(const quant::Quantizer& rule, const quant::Group& group) {
  Quantized result{quant::fit(rule, group), std::vector<float>(group.latent.size()),
                   std::vector<int>(group.latent.size())};
  quant::apply(result.step, group.latent, result.values);
  quant::encode(result.step, group.latent, result.codes);
  return result;
}

Quantized quantize(const std::string& yaml, const std::vector<float>& w,
                   const std::vector<float>& d) {
  return quantize(*quantizer_of(yaml).method, {w, d, {}, {}});
}

double error_of(const Quantized& result, const RandomGroup& group, bool curvature) {
  double sum = 0;
  for (std::size_t i = 0; i < group.w.size(); ++i) {
    double value = 0;
    for (std::size_t j = 0; j < result.step.codes.size(); ++j) {
      if (result.step.codes[j] == result.codes[i]) value = result.step.values[j];
    }
    const double error = static_cast<double>(group.w[i]) - value;
    sum += (curvature ? static_cast<double>(group.d[i]) : 1.0) * error * error;
  }
  return sum;
}

}  // namespace laq::test
