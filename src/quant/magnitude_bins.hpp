#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "quant/sums.hpp"

namespace laq::quant {

/// Σ d and Σ d a of some weights.
struct Mass {
  double d = 0;
  double da = 0;
  Mass& operator+=(const Mass& other);
};

/// Σ d and Σ d a of a group's weights by magnitude, binned linearly on [0, range]; what lies above
/// range is in the last bin. The sums are in double precision and the same for the same number of
/// threads.
class BinCounter {
 public:
  /// One pass. The number of bins grows with n up to 16 384. `by_sign`: positive and negative
  /// weights in bins of their own. A range of 0 or near the smallest float: one bin.
  BinCounter(const Group& group, bool by_sign, float range);

  int count() const { return count_; }
  float per_unit() const { return per_unit_; }
  bool by_sign() const { return by_sign_; }
  /// Sums by bin; `negative`: of the negative weights (by_sign only).
  std::vector<Mass> masses(bool negative) const;

 private:
  void add(const Group& group, std::size_t begin, std::size_t count);

  // d and d a side by side, added by one instruction.
  using Pair = double __attribute__((vector_size(2 * sizeof(double))));

  bool by_sign_;
  int count_;
  float per_unit_;                        // bins per unit of magnitude
  std::vector<std::vector<Pair>> parts_;  // by thread
};

/// Ranges [first, last] in ascending order, with those that touch made one.
std::vector<std::pair<int, int>> merged(std::vector<std::pair<int, int>> ranges);

/// The bins of one side of a group, with what a search needs of them.
class MagnitudeBins {
 public:
  /// `largest` is the largest |w| of the group. O(bins).
  MagnitudeBins(const BinCounter& counted, Side side, float largest);

  int count() const { return count_; }
  /// Monotone in a: magnitudes in a lower bin are smaller than those in a higher one.
  int bin(float a) const;
  const Mass& inside(int bin) const { return inside_[static_cast<std::size_t>(bin)]; }
  /// All bins ≥ `bin`; zero for `bin` = count().
  const Mass& from(int bin) const { return from_[static_cast<std::size_t>(bin)]; }
  /// An interval that surely holds every magnitude of the bin (slightly widened for rounding).
  std::pair<double, double> edges(int bin) const;
  /// The same of the bins first … last.
  std::pair<float, float> limits(std::pair<int, int> range) const;

 private:
  int count_;
  float per_unit_, largest_;
  std::vector<Mass> inside_, from_;
};

}  // namespace laq::quant
