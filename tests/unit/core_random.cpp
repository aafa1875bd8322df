#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "core/random.hpp"
#include "support/scratch.hpp"

using namespace laq;

// Runs are repeatable only as long as these streams give the same numbers: the constants come from
// an implementation of the same definition in another language and must never change.
TEST_CASE("random streams give the numbers that they always gave", "[core]") {
  RandomStream order(1, "data order", 0);
  CHECK(order.uniform() == 0.2086580686565892);
  CHECK(order.uniform() == 0.20026472148245855);
  CHECK(order.uniform() == 0.5101219901275966);
  RandomStream weights(2, "initial dense1.weight", 7);
  CHECK(weights.uniform() == 0.27705635828012143);
  CHECK(weights.uniform() == 0.8879329863308838);
  CHECK(weights.uniform() == 0.15960749975528377);
  RandomStream digits(3, "below");
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < 8; ++i) drawn.push_back(digits.below(10));
  CHECK(drawn == std::vector<std::uint64_t>{3, 9, 9, 9, 4, 1, 9, 3});
  CHECK(permutation(10, RandomStream(1, "data order")) ==
        std::vector<std::int64_t>{7, 2, 5, 3, 6, 0, 9, 1, 8, 4});
  // The logarithm may differ in its last bit between machines.
  RandomStream bell(4, "normal");
  for (const double expected : {-0.8209416537221096, -0.024551113531718568, -0.4283291692118004}) {
    CHECK(bell.normal() == Approx(expected).epsilon(1e-14));
  }
}

TEST_CASE("streams with another seed, purpose or index are independent", "[core]") {
  constexpr int kDraws = 4000;
  std::vector<RandomStream> streams;
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    for (const char* purpose : {"a", "b", "c", "ab", "ba"}) {
      for (const std::uint64_t index : {0u, 1u, 2u}) streams.emplace_back(seed, purpose, index);
    }
  }
  std::vector<std::vector<double>> draws(streams.size());
  std::set<double> first;
  for (std::size_t s = 0; s < streams.size(); ++s) {
    for (int i = 0; i < kDraws; ++i) draws[s].push_back(streams[s].uniform() - 0.5);
    first.insert(draws[s][0]);
  }
  CHECK(first.size() == streams.size());
  // A correlation of independent draws has standard deviation 1/√n; 990 pairs stay below 5.
  const double bound = 5 / std::sqrt(static_cast<double>(kDraws));
  for (std::size_t s = 0; s < draws.size(); ++s) {
    for (std::size_t t = 0; t < s; ++t) {
      const double product =
          std::inner_product(draws[s].begin(), draws[s].end(), draws[t].begin(), 0.0);
      INFO(s << " and " << t);
      CHECK(std::abs(product / kDraws * 12) < bound);
    }
  }
}

TEST_CASE("a stream is a function of its three arguments", "[core]") {
  RandomStream one(5, "x", 6), same(5, "x", 6);
  for (int i = 0; i < 1000; ++i) REQUIRE(one.uniform() == same.uniform());
}

TEST_CASE("uniform and normal draws have their moments", "[core]") {
  constexpr int kDraws = 100000;
  RandomStream stream(1, "moments");
  double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.uniform(), z = stream.normal();
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    sum += x;
    squares += x * x;
    normal_sum += z;
    normal_squares += z * z;
  }
  const double sigmas = 4 / std::sqrt(static_cast<double>(kDraws));
  CHECK(std::abs(sum / kDraws - 0.5) < sigmas * std::sqrt(1.0 / 12));
  CHECK(std::abs(squares / kDraws - 1.0 / 3) < sigmas * std::sqrt(4.0 / 45));
  CHECK(std::abs(normal_sum / kDraws) < sigmas);
  CHECK(std::abs(normal_squares / kDraws - 1) < sigmas * std::sqrt(2.0));
}

TEST_CASE("below stays below, reaches everything and prefers nothing", "[core]") {
  RandomStream stream(1, "bounds");
  for (int i = 0; i < 100; ++i) CHECK(stream.below(1) == 0);
  constexpr std::size_t kBound = 7;
  constexpr double kDraws = 70000;
  std::array<double, kBound> seen{};
  for (int i = 0; i < static_cast<int>(kDraws); ++i) {
    const auto x = stream.below(kBound);
    REQUIRE(x < kBound);
    ++seen[x];
  }
  double chi_squared = 0;
  for (const double count : seen)
    chi_squared += (count - kDraws / kBound) * (count - kDraws / kBound) / (kDraws / kBound);
  CHECK(chi_squared < 22.5);  // 6 degrees of freedom: exceeded once in a thousand

  // With plain remainders of 64-bit draws the lower half of this range would come up twice as
  // often.
  constexpr std::uint64_t kLarge = (std::uint64_t{3} << 62);
  int low = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto x = stream.below(kLarge);
    REQUIRE(x < kLarge);
    low += x < kLarge / 3 ? 1 : 0;
  }
  CHECK(std::abs(low - 1000) < 4 * std::sqrt(3000 * 2.0 / 9));
}

TEST_CASE("a permutation holds every number once", "[core]") {
  CHECK(permutation(0, RandomStream(1, "p")).empty());
  CHECK(permutation(1, RandomStream(1, "p")) == std::vector<std::int64_t>{0});
  for (const std::size_t n : {2u, 3u, 100u, 1000u}) {
    auto order = permutation(n, RandomStream(1, "p", n));
    std::vector<std::int64_t> sorted(n);
    std::iota(sorted.begin(), sorted.end(), 0);
    if (n >= 100) CHECK(order != sorted);
    std::sort(order.begin(), order.end());
    CHECK(order == sorted);
  }
  // All six orders of three come up.
  std::set<std::vector<std::int64_t>> orders;
  for (std::uint64_t i = 0; i < 60; ++i) orders.insert(permutation(3, RandomStream(1, "three", i)));
  CHECK(orders.size() == 6);
}
