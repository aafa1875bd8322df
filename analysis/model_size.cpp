#include "analysis/model_size.hpp"

#include <bit>

#include "train/experiment.hpp"

namespace laq::analysis {

ModelSize model_size(const train::Run& run) {
  const nn::Size size = run.model_size();
  ModelSize result{.weights = size.weights};
  if (!run.quantizer.method) return result;
  const quant::Quantizer& method = *run.quantizer.method;
  result.bits = static_cast<int>(std::bit_width(quant::codes_of(method).size() - 1));
  result.scales_of_group = method.scale_count();
  result.scales = result.scales_of_group *
                  (run.quantizer.group == quant::Grouping::row ? size.rows : size.blocks);
  return result;
}

}  // namespace laq::analysis
