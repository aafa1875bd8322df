#include "analysis/model_size.hpp"

#include <array>
#include <bit>

#include "nn/model.hpp"
#include "train/experiment.hpp"

namespace laq::analysis {
namespace {

// A rule tells its levels with whatever it makes of some weights.
std::size_t level_count(const quant::Rule& rule) {
  constexpr std::array weights{-1.0f, -0.25f, 0.25f, 1.0f}, curvature{1.0f, 1.0f, 1.0f, 1.0f};
  return rule.fit({weights, curvature, {}, {}}).codes.size();
}

}  // namespace

ModelSize model_size(const train::Run& run) {
  config::Section section(run.tree.find("model"), "model");
  const nn::Size size = nn::model_size(section, {run.dataset.shape, run.dataset.classes});
  ModelSize result{.weights = size.weights};
  if (!run.quantizer.rule) return result;
  const quant::Rule& rule = *run.quantizer.rule;
  result.bits = static_cast<int>(std::bit_width(level_count(rule) - 1));
  result.scales_of_group = rule.scale_count();
  result.scales = result.scales_of_group *
                  (run.quantizer.group == quant::Grouping::row ? size.rows : size.blocks);
  return result;
}

}  // namespace laq::analysis
