#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "quant/codebook.hpp"
#include "quant/sums.hpp"

namespace laq::quant {

/// LQ-Nets' learned levels (Zhang et al., ECCV 2018): Σ_i ±v_i over a basis of K = bits numbers,
/// all 2^K signs; a weight gets the nearest. Once a step the basis moves towards the minimiser of
/// Σ (w − b·v)² for the codes b that it gives now (the authors' QEM, one round a step).
/// By symmetry the sums are of |w|: level j of the positive half has +v_i where bit i of j is set,
/// −v_i elsewhere, and always +v_{K−1}.
struct LqNetsFit {
  static constexpr int kMostBits = 3;
  static constexpr double kKept = 0.9;     ///< of the basis in a step; the authors' moving average
  static constexpr double kRidge = 1e-4;   ///< added to BᵀB, pulls towards the basis as it was
  static constexpr int kFirstRounds = 10;  ///< of a group without a basis, nothing kept
  static constexpr double kQuartile = 0.6745;      ///< of the normal distribution
  static constexpr double kMeanToSpread = 1.2533;  ///< σ / mean|w| of the normal distribution

  template <typename T>
  using Basis = std::array<T, kMostBits>;

  int bits;

  LAQ_DEVICE int half() const { return 1 << (bits - 1); }
  LAQ_DEVICE double sign(int level, int i) const {
    return i == bits - 1 || ((level >> i) & 1) ? 1 : -1;
  }

  /// Levels of the positive half before their sign is dropped: ascending but for the sign of the
  /// first when v ascends and is not negative.
  template <typename T>
  LAQ_DEVICE T level(const Basis<T>& v, int j) const {
    T sum = v[0] * sign(j, 0);
    for (int i = 1; i < bits; ++i) sum = sum + v[index(i)] * sign(j, i);
    return sum;
  }

  /// The basis of (BᵀB + ridge) v = Bᵀw + ridge·before; `count` and `sum` are of the weights at
  /// each level of the positive half, `flip` is −1 where that level is negative.
  template <typename T>
  LAQ_DEVICE Basis<T> solve(const std::array<T, 4>& count, const std::array<T, 4>& sum,
                            const T& flip, const Basis<T>& before) const {
    std::array<Basis<T>, kMostBits> a{};
    Basis<T> b{};
    for (int i = 0; i < bits; ++i) {
      b[index(i)] = before[index(i)] * kRidge + flip * sum[0] * sign(0, i);
      for (int j = 1; j < half(); ++j) b[index(i)] = b[index(i)] + sum[index(j)] * sign(j, i);
      for (int k = 0; k < bits; ++k) {
        T dot = count[0] * (sign(0, i) * sign(0, k)) + (i == k ? kRidge : 0.0);
        for (int j = 1; j < half(); ++j) dot = dot + count[index(j)] * (sign(j, i) * sign(j, k));
        a[index(i)][index(k)] = dot;
      }
    }
    // Positive definite: elimination needs no pivots.
    for (int p = 0; p < bits; ++p) {
      for (int row = p + 1; row < bits; ++row) {
        const T factor = a[index(row)][index(p)] / a[index(p)][index(p)];
        for (int k = p; k < bits; ++k)
          a[index(row)][index(k)] = a[index(row)][index(k)] - factor * a[index(p)][index(k)];
        b[index(row)] = b[index(row)] - factor * b[index(p)];
      }
    }
    for (int row = bits - 1; row >= 0; --row) {
      for (int k = row + 1; k < bits; ++k)
        b[index(row)] = b[index(row)] - a[index(row)][index(k)] * b[index(k)];
      b[index(row)] = b[index(row)] / a[index(row)][index(row)];
    }
    return b;
  }

  template <typename S, typename Book>
  LAQ_DEVICE void operator()(S& sums, Book& book) const {
    Basis<double> v{};
    bool known = false;
    for (int i = 0; i < bits; ++i) {
      v[index(i)] = sums.known_scale(i);
      known = known || v[index(i)] > 0;
    }
    if (!known) v = first(sums.magnitudes(Side::both).a / static_cast<double>(sums.count));
    for (int round = 0; round < (known ? 1 : kFirstRounds); ++round) {
      const Basis<double> best = update(sums, v);
      const double kept = known ? kKept : 0;
      for (int i = 0; i < bits; ++i) v[index(i)] = kept * v[index(i)] + (1 - kept) * best[index(i)];
      v = ordered(v);
    }
    place(v, book);
  }

  /// quartile/2^(K−1) of a normal distribution with this mean magnitude, doubled from number to
  /// number (the authors start from the spread that the weights are drawn with).
  template <typename T>
  LAQ_DEVICE Basis<T> first(const T& mean) const {
    Basis<T> v{};
    for (int i = 0; i < bits; ++i)
      v[index(i)] = mean * (kMeanToSpread * kQuartile * (1 << i) / half());
    return v;
  }

 private:
  LAQ_DEVICE static std::size_t index(int i) { return static_cast<std::size_t>(i); }

  // The set of levels does not depend on the numbers' signs and order.
  LAQ_DEVICE Basis<double> ordered(Basis<double> v) const {
    for (int i = 0; i < bits; ++i) v[index(i)] = fabs(v[index(i)]);
    for (int pass = 1; pass < bits; ++pass) {
      for (int i = 1; i < bits; ++i) {
        const double low = fmin(v[index(i - 1)], v[index(i)]);
        v[index(i)] = fmax(v[index(i - 1)], v[index(i)]);
        v[index(i - 1)] = low;
      }
    }
    return v;
  }

  LAQ_DEVICE double magnitude(const Basis<double>& v, int j) const { return fabs(level(v, j)); }
  LAQ_DEVICE float threshold(const Basis<double>& v, int j) const {
    return floor_to_float((magnitude(v, j - 1) + magnitude(v, j)) / 2);
  }

  template <typename S>
  LAQ_DEVICE Basis<double> update(S& sums, const Basis<double>& v) const {
    std::array<double, 4> count{}, sum{};
    count[0] = static_cast<double>(sums.count);
    sum[0] = sums.magnitudes(Side::both).a;
    const float steps[] = {0, 1};
    for (int j = 1; j < half(); ++j) {
      const float limit = threshold(v, j);
      const LevelSums above = sums.levels(Side::both, {steps, 2}, {&limit, 1});
      count[index(j)] = above.dq;
      sum[index(j)] = above.dqw;
      count[index(j - 1)] -= above.dq;
      sum[index(j - 1)] -= above.dqw;
    }
    return solve(count, sum, level(v, 0) < 0 ? -1.0 : 1.0, v);
  }

  template <typename Book>
  LAQ_DEVICE void place(const Basis<double>& v, Book& book) const {
    for (int i = 0; i < bits; ++i) book.add_scale(v[index(i)]);
    for (int j = half(); j >= 1; --j) book.add_level(-j, -magnitude(v, j - 1));
    for (int j = 1; j <= half(); ++j) book.add_level(j, magnitude(v, j - 1));
    // Half-way goes to the smaller magnitude, 0 up.
    for (int j = half() - 1; j >= 1; --j)
      book.add_threshold(threshold_at_least(-static_cast<double>(threshold(v, j))));
    book.add_threshold(threshold_at_least(0));
    for (int j = 1; j < half(); ++j) book.add_threshold(threshold(v, j));
  }
};

}  // namespace laq::quant
