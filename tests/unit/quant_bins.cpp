#include <algorithm>

#include "core/parallel.hpp"
#include "core/threads.hpp"
#include "quant/magnitude_bins.hpp"
#include "quant/sums.hpp"
#include "support/random_group.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::quant;

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

float magnitude(float w, Side side) {
  if (side == Side::both) return std::abs(w);
  return std::max(side == Side::positive ? w : -w, 0.0f);
}

MagnitudeBins bins_of(const RandomGroup& group, Side side, float largest) {
  return {BinCounter(group.group(), side != Side::both, largest), side, largest};
}

template <typename Check>
void for_groups(const Check& check) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{7}, std::size_t{257}, kChunk + 3}) {
    for (const auto& shape : group_shapes()) {
      for (const Side side : {Side::both, Side::positive, Side::negative}) {
        const RandomGroup group(n, n, shape, 6);
        const float largest = magnitude_sums(group.group(), side).max;
        if (largest == 0) continue;
        INFO(shape << ", n = " << n << ", side " << static_cast<int>(side));
        check(group, side, largest);
      }
    }
  }
}

}  // namespace

TEST_CASE("every magnitude lies within the edges of its bin, and bins are monotone", "[quant]") {
  for_groups([](const RandomGroup& group, Side side, float largest) {
    const MagnitudeBins bins = bins_of(group, side, largest);
    std::vector<float> sorted;
    for (const float w : group.w) sorted.push_back(magnitude(w, side));
    std::sort(sorted.begin(), sorted.end());
    int before = 0;
    for (const float a : sorted) {
      const int bin = bins.bin(a);
      REQUIRE(bin >= before);
      REQUIRE(bin < bins.count());
      REQUIRE(static_cast<double>(a) >= bins.edges(bin).first);
      REQUIRE(static_cast<double>(a) <= bins.edges(bin).second);
      before = bin;
    }
    CHECK(bins.bin(std::numeric_limits<float>::max()) == bins.count() - 1);
  });
}

TEST_CASE("bins hold the sums of their weights", "[quant]") {
  for_groups([](const RandomGroup& group, Side side, float largest) {
    const MagnitudeBins bins = bins_of(group, side, largest);
    std::vector<Mass> expected(static_cast<std::size_t>(bins.count()));
    for (std::size_t i = 0; i < group.w.size(); ++i) {
      const double a = magnitude(group.w[i], side), d = group.d[i];
      if (a > 0) expected[static_cast<std::size_t>(bins.bin(static_cast<float>(a)))] += {d, d * a};
    }
    const double rounding = static_cast<double>(group.w.size()) * kEpsilon;
    Mass above;
    for (int b = bins.count(); b-- > 0;) {
      const Mass& mass = expected[static_cast<std::size_t>(b)];
      REQUIRE(bins.inside(b).d == Approx(mass.d).epsilon(rounding));
      REQUIRE(bins.inside(b).da == Approx(mass.da).epsilon(rounding));
      above += mass;
      REQUIRE(bins.from(b).d == Approx(above.d).epsilon(rounding));
      REQUIRE(bins.from(b).da == Approx(above.da).epsilon(rounding));
    }
    CHECK(bins.from(bins.count()).d == 0);
  });
}

TEST_CASE("weights within ranges come in order, and no others", "[quant]") {
  for_groups([](const RandomGroup& group, Side side, float largest) {
    const MagnitudeBins bins = bins_of(group, side, largest);
    const int n = bins.count();
    std::vector<std::pair<float, float>> ranges, expected, found;
    for (const auto& range :
         {std::pair{0, n / 8}, std::pair{n / 2, n / 2}, std::pair{n - 2, n - 1}})
      ranges.push_back(bins.limits(range));
    for (std::size_t i = 0; i < group.w.size(); ++i) {
      const float a = magnitude(group.w[i], side);
      for (const auto& [low, high] : ranges) {
        if (a > 0 && a >= low && a <= high) expected.emplace_back(a, group.d[i]);
      }
    }
    const auto weights = weights_within(group.group(), side, ranges);
    for (const auto& weight : weights) found.emplace_back(weight.a, weight.d);
    CHECK(std::is_sorted(weights.begin(), weights.end(),
                         [](const auto& x, const auto& y) { return x.a < y.a; }));
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    CHECK(found == expected);
  });
}

TEST_CASE("bins counted by sign are those of each side", "[quant]") {
  const RandomGroup group(3 * kChunk + 11, 5, "laplace", 6);
  const float largest = magnitude_sums(group.group(), Side::both).max;
  for (const int threads : {1, 2}) {
    const WithThreads with(threads);
    // A range too short, right, and too long.
    for (const float range : {largest / 3, largest, 3 * largest}) {
      const BinCounter counter(group.group(), true, range);
      for (const Side side : {Side::positive, Side::negative}) {
        const MagnitudeBins bins(counter, side, largest);
        const MagnitudeSums sums = magnitude_sums(group.group(), side);
        CHECK(bins.from(0).d == Approx(sums.d).epsilon(1e-13));
        CHECK(bins.from(0).da == Approx(sums.da).epsilon(1e-13));
        for (const float w : group.w) {
          const float a = magnitude(w, side);
          REQUIRE(static_cast<double>(a) >= bins.edges(bins.bin(a)).first);
          REQUIRE(static_cast<double>(a) <= bins.edges(bins.bin(a)).second);
        }
      }
    }
  }
}

TEST_CASE("the sums of the bins do not change from run to run", "[quant]") {
  const RandomGroup group(5 * kChunk + 11, 5, "normal", 6);
  const float largest = magnitude_sums(group.group(), Side::both).max;
  const MagnitudeBins first = bins_of(group, Side::both, largest);
  for (int repeat = 0; repeat < 5; ++repeat) {
    const MagnitudeBins again = bins_of(group, Side::both, largest);
    for (int b = 0; b < first.count(); ++b) {
      REQUIRE(again.from(b).d == first.from(b).d);
      REQUIRE(again.from(b).da == first.from(b).da);
    }
  }
}
