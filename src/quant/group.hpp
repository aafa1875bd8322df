#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace laq::quant {

/// The weights that share a scale, as a quantizer sees them. All spans have the same length n.
struct Group {
  std::span<const float> latent;     ///< w
  std::span<const float> curvature;  ///< d > 0; empty means uniform
  std::span<const float>
      previous;  ///< ŵ of the previous iteration; empty or with zero scales: there was none
  std::vector<double> scales;  ///< the previous iteration's [α] or [α, β]; empty: there was none
  std::vector<double> carried = {};  ///< as in the last `StepFunction` that set it; empty: none did
};

/// The outcome of a quantizer: ŵ as a function of w that is constant between thresholds.
/// ŵ_i = values[j] and its code is codes[j], j = number of thresholds below w_i.
struct StepFunction {
  std::vector<float> thresholds;     ///< ascending
  std::vector<double> values;        ///< one more than thresholds; ŵ holds them rounded to float
  std::vector<int> codes;            ///< PAPER.md's codes, as many as values
  std::vector<double> scales;        ///< [α] or [α, β]
  int rounds = 0;                    ///< updates of α by an alternating solver
  bool converged = true;             ///< the alternating solver met its tolerance
  std::vector<double> carried = {};  ///< for the next iterations' `Group`; empty: as before
};

/// Which weights a scale covers. The magnitude of a weight that is not covered counts as 0.
enum class Side { both, positive, negative };

/// Largest float not above x, and smallest not below: `w > x` and `w ≥ x` decided exactly on float
/// weights.
float floor_to_float(double x);
float ceil_to_float(double x);
/// A threshold t with `w > t` exactly when `w ≥ x`.
float threshold_at_least(double x);

/// Writes ŵ for every weight. `out` may not overlap `latent`. Streams: one read and one write per
/// weight.
void apply(const StepFunction& step, std::span<const float> latent, std::span<float> out);

/// Writes the code of every weight.
void encode(const StepFunction& step, std::span<const float> latent, std::span<int> codes);

/// Equation (1): Σ d_i (w_i − ŵ_i)², in double precision.
double objective(std::span<const float> latent, std::span<const float> curvature,
                 std::span<const float> quantized);

}  // namespace laq::quant
