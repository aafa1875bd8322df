#pragma once

#include <cmath>
#include <cstddef>

#include "quant/codebook.hpp"

namespace laq::quant {

/// Ways to come to the levels by and by, q(w) being the nearest level:
/// - `binary_relax` (BinaryRelax: Yin et al., 2018, equation 9): ŵ = (w + λ q(w)) / (1 + λ), where
/// λ
///   grows geometrically from 1.
/// - `proximal` (ProxQuant: Bai, Wang & Liberty, ICLR 2019, squared distance): the same map, where
/// λ
///   grows linearly from 0, and w itself becomes ŵ after every step.
/// - `proximal_absolute` (the same, W-shaped distance): ŵ = q + sign(w − q) max(|w − q| − λ, 0).
/// - `parq` (PARQ: Jin et al., 2025): from level to level ŵ rises with slope 1/ρ about the middle
///   between them and is flat elsewhere; ρ falls from 1 to 0 along a sigmoid.
enum class Relaxation { none, binary_relax, proximal, proximal_absolute, parq };

/// ŵ between full precision and the levels, as a function of the training's progress.
struct Annealing {
  Relaxation kind = Relaxation::none;
  double discrete_from = 0;  ///< progress from which on ŵ has the levels alone
  double strength = 0;       ///< λ where that begins; of PARQ the sigmoid's steepness

  LAQ_DEVICE bool discrete(double progress) const {
    return kind == Relaxation::none || progress >= discrete_from;
  }

  /// λ, or PARQ's ρ, before `discrete_from`. T: double, or a tensor of one.
  template <typename T>
  LAQ_DEVICE T coefficient(const T& progress) const {
    const T done = progress / discrete_from;
    if (kind == Relaxation::binary_relax) return exp(done * log(strength));
    if (kind != Relaxation::parq) return done * strength;
    // The mirrored sigmoid, shifted and scaled to be 1 at the start and 0 at the end.
    const double first = 1 / (1 + exp(-strength / 2)), last = 1 / (1 + exp(strength / 2));
    const T here = 1.0 / (exp((done - 0.5) * strength) + 1.0);
    return (here - last) * ((1 - kSteepest) / (first - last)) + kSteepest;
  }

 private:
  static constexpr double kSteepest = 1e-9;  // 1/ρ stays finite
};

/// Adds the pieces of ŵ to a codebook that has its `count` levels and their thresholds.
template <typename Book>
LAQ_DEVICE LAQ_OUTLINE void relax(const Annealing& annealing, double progress, int count,
                                  Book& book) {
  const double c = annealing.coefficient(progress);
  const auto level = [&](int j) { return book.values[static_cast<std::size_t>(j)]; };
  const auto threshold = [&](int j) {  // below level j
    return static_cast<double>(book.thresholds[static_cast<std::size_t>(j - 1)]);
  };
  if (annealing.kind == Relaxation::parq) {
    book.add_piece(level(0), 0);
    for (int j = 1; j < count; ++j) {
      const double middle = (level(j - 1) + level(j)) / 2, half = c * (level(j) - level(j - 1)) / 2;
      book.add_knot(floor_to_float(middle - half));
      book.add_piece(middle - middle / c, 1 / c);
      book.add_knot(floor_to_float(middle + half));
      book.add_piece(level(j), 0);
    }
    return;
  }
  for (int j = 0; j < count; ++j) {
    if (j > 0) book.add_knot(static_cast<float>(threshold(j)));
    if (annealing.kind != Relaxation::proximal_absolute) {
      book.add_piece(c / (1 + c) * level(j), 1 / (1 + c));
      continue;
    }
    const double low = level(j) - c, high = level(j) + c;
    book.add_piece(c, 1);
    book.add_knot(floor_to_float(j > 0 ? fmax(low, threshold(j)) : low));
    book.add_piece(level(j), 0);
    book.add_knot(floor_to_float(j + 1 < count ? fmin(high, threshold(j + 1)) : high));
    book.add_piece(-c, 1);
  }
}

}  // namespace laq::quant
