#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace laq {

/// A stream of random numbers that is a pure function of (seed, purpose, index): the same on every
/// machine, independent of every other stream, and needing no saved state. `purpose` is not empty.
/// `index` is, for example, the epoch.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);

  /// Uniform in [0, 1), 53 random bits.
  double uniform();
  /// Uniform in {0, …, bound − 1}; bound ≥ 1. Without modulo bias.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (polar method).
  double normal();

 private:
  std::mt19937_64 engine_;
};

/// A random order of 0 … count − 1 (Fisher–Yates).
std::vector<std::int64_t> permutation(std::size_t count, RandomStream stream);

}  // namespace laq
