#pragma once

#include <filesystem>
#include <optional>

namespace laq::train {
struct Run;
}

namespace laq::analysis {

/// What the quantizable weights of a run take when they are stored: a code of ⌈log2 levels⌉ bits
/// for each weight and a 32-bit number for each scale. Biases, batch norm and weights that are
/// never quantized are the same for all methods and not counted.
struct ModelSize {
  double weights = 0;
  int bits = 32;            ///< of one weight
  double scales = 0;        ///< numbers; 0 in full precision
  int scales_of_group = 0;  ///< 1 (α) or 2 (α, β); 0 in full precision

  double bytes() const { return weights * bits / 8 + 4 * scales; }
  double float_bytes() const { return 4 * weights; }
  double compression() const { return float_bytes() / bytes(); }
};

/// From the configuration alone.
ModelSize model_size(const train::Run& run);

/// Bytes of the file that `laq export` makes of a run. None: its best epoch's weights are not in
/// the folder, or cannot be exported.
std::optional<double> file_bytes(const std::filesystem::path& folder, const train::Run& run);

}  // namespace laq::analysis
