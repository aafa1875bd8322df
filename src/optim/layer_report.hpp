#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace laq::optim {

/// What a quantizer did to one layer, for the record.
struct LayerReport {
  std::string name;
  std::vector<double> scales;       ///< groups × scales
  std::vector<int> codes;           ///< the quantizer's codes, ascending
  std::vector<double> level_share;  ///< fraction of the weights at (or nearest to) each code
  double zero_fraction = 0;         ///< fraction of ŵ that is 0
  double flips = 0;  ///< fraction of the weights whose code is not that of the previous report
  double weighted_error = 0;         ///< equation (1) at w, d = √v + 1e-8, ŵ; summed over groups
  double rounds = 0;                 ///< alternations of the last step, mean over groups
  std::vector<double> level_values;  ///< ŵ at each code, mean over groups
  double latent_largest = 0;         ///< max|w|
  /// Fraction of the latent weights in equal bins over [−latent_largest, latent_largest].
  std::vector<double> latent_share;
  /// How far equation (1), with the d that the quantizer uses, is above its global minimum, as a
  /// fraction of the minimum; only of methods that do not find it by construction.
  std::optional<double> gap;
  /// ‖ŵ − its nearest levels‖ / ‖ŵ‖, 0 once ŵ is discrete; only of methods that are not always.
  std::optional<double> relaxation;
};

constexpr std::size_t kLatentBins = 64;

/// max|x|; 0 of no values.
double largest_magnitude(std::span<const float> values);

/// Which of the codes a ŵ of 0 has: 0, or +1 where there is no 0.
std::size_t zero_level(std::span<const int> codes);

/// How many of the values are in each of kLatentBins equal bins over [−largest, largest].
std::vector<double> histogram(std::span<const float> values, double largest);

}  // namespace laq::optim
