#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "core/device.hpp"

namespace laq::quant {

/// A quantizer's outcome for one group: ŵ as a function of w that is constant between thresholds.
/// ŵ_i = values[j] and its code is codes[j], j = number of thresholds below w_i.
/// A relaxed one also has pieces, which ŵ is then made of, while codes and levels are those that it
/// tends to: ŵ_i = offsets[p] + slopes[p]·w_i, p = number of knots below w_i.
struct Codebook {
  std::vector<float> thresholds;  ///< ascending
  std::vector<double> values;     ///< one more than thresholds; ŵ holds them rounded to float
  std::vector<int> codes;         ///< of its level set, as many as values
  std::vector<double> scales;     ///< [α] or [α, β]; of LQ-Nets its basis
  int rounds = 0;                 ///< updates of α by an alternating solver
  bool converged = true;          ///< the alternating solver met its tolerance
  std::vector<double> solver_state = {};  ///< for the next iterations' `Group`; empty: as before
  std::vector<float> knots = {};          ///< ascending
  std::vector<double> offsets = {}, slopes = {};  ///< one more than knots, or empty

  bool relaxed() const { return !slopes.empty(); }
  void add_threshold(float threshold) { thresholds.push_back(threshold); }
  void add_level(int code, double value) {
    codes.push_back(code);
    values.push_back(value);
  }
  void add_scale(double scale) { scales.push_back(scale); }
  void add_knot(float knot) { knots.push_back(knot); }
  void add_piece(double offset, double slope) {
    offsets.push_back(offset);
    slopes.push_back(slope);
  }
};

/// Largest float not above x, and smallest not below: `w > x` and `w ≥ x` decided exactly on float
/// weights.
LAQ_DEVICE LAQ_OUTLINE inline float floor_to_float(double x) {
  const float near = static_cast<float>(x);
  return static_cast<double>(near) > x ? nextafterf(near, -INFINITY) : near;
}
LAQ_DEVICE inline float ceil_to_float(double x) {
  return -floor_to_float(-x);
}
/// A threshold t with `w > t` exactly when `w ≥ x`.
LAQ_DEVICE LAQ_OUTLINE inline float threshold_at_least(double x) {
  return nextafterf(ceil_to_float(x), -INFINITY);
}

/// Writes ŵ for every weight. `out` may not overlap `latent`. One read and one write per weight.
void apply(const Codebook& codebook, std::span<const float> latent, std::span<float> out);

/// Writes the code of every weight. Of relaxed weights it is the code that they tend to.
void encode(const Codebook& codebook, std::span<const float> latent, std::span<int> codes);

/// Equation (1): Σ d_i (w_i − ŵ_i)², in double precision. No curvature: uniform.
double objective(std::span<const float> latent, std::span<const float> curvature,
                 std::span<const float> quantized);

}  // namespace laq::quant
