#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "quant/group.hpp"

namespace laq::quant {

/// Σ d and Σ d a of some weights.
struct Mass {
  double d = 0;
  double da = 0;
  Mass& operator+=(const Mass& other);
};

/// One weight that a solver looks at singly.
struct Weighted {
  float a;  ///< magnitude
  float d;  ///< curvature
};

/// The magnitudes of one side of a group, binned linearly on [0, largest]: Σ d and Σ d a per bin
/// and, as suffix sums, above every bin. One pass over the weights, O(n + bins); the sums of a bin
/// are in double precision and the same for the same number of threads.
class MagnitudeBins {
 public:
  /// `largest` is the largest magnitude; the number of bins grows with n up to 16 384.
  MagnitudeBins(const Group& group, Side side, float largest);

  /// The bins of the positive and of the negative weights, from one pass. `largest` is the largest
  /// |w|.
  static std::pair<MagnitudeBins, MagnitudeBins> by_sign(const Group& group, float largest);

  int count() const { return count_; }
  /// Monotone in a: magnitudes in a lower bin are smaller than those in a higher one.
  int bin(float a) const;
  const Mass& inside(int bin) const { return inside_[static_cast<std::size_t>(bin)]; }
  /// All bins ≥ `bin`; zero for `bin` = count().
  const Mass& from(int bin) const { return from_[static_cast<std::size_t>(bin)]; }
  /// An interval that surely holds every magnitude of the bin (slightly widened for rounding).
  std::pair<double, double> edges(int bin) const;

  /// The weights of the bins of these ranges [first, last], ascending and disjoint, sorted by
  /// magnitude. One pass.
  std::vector<Weighted> open(std::span<const std::pair<int, int>> ranges) const;

 private:
  MagnitudeBins(const Group& group, Side side, int count, float per_unit, std::vector<Mass> inside);

  const Group& group_;
  Side side_;
  int count_;
  float per_unit_;  // bins per unit of magnitude; 0 when everything is in one bin
  std::vector<Mass> inside_, from_;
};

}  // namespace laq::quant
