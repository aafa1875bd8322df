#include "analysis/model_size.hpp"

#include <bit>

#include "core/error.hpp"
#include "deploy/export.hpp"
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

std::optional<double> file_bytes(const std::filesystem::path& folder, const train::Run& run) {
  if (!std::filesystem::exists(folder / "best.h5")) return std::nullopt;
  try {
    return static_cast<double>(deploy::measure_packed(folder, run.dataset).file);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace laq::analysis
