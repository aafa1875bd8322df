#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "core/threads.hpp"
#include "quant/sums.hpp"
#include "support/random_group.hpp"
#include "support/scratch.hpp"

// The vectorised passes against scalar double-precision code, at lengths around the width of the
// vectors (up to 16 floats), the blocks (256) and the chunks.

using namespace laq;
using namespace laq::test;
using namespace laq::quant;

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
const std::vector<Side> kSides = {Side::both, Side::positive, Side::negative};

const std::vector<std::size_t>& lengths() {
  static const std::vector<std::size_t> all = [] {
    std::vector<std::size_t> some;
    for (std::size_t n = 0; n <= 35; ++n) some.push_back(n);
    for (const std::size_t centre :
         {std::size_t{64}, std::size_t{256}, std::size_t{512}, kChunk, 2 * kChunk}) {
      for (const std::size_t n : {centre - 1, centre, centre + 1}) some.push_back(n);
    }
    some.push_back(kChunk + 300);
    return some;
  }();
  return all;
}

/// A group that does not start at the beginning of its memory, so that vectors are not aligned.
struct Shifted {
  RandomGroup all;
  Group group;
  Shifted(std::size_t n, bool curvature) : all(n + 3, n, n % 2 ? "normal" : "sparse", 3) {
    group.latent = std::span<const float>(all.w).subspan(3);
    if (curvature) group.curvature = std::span<const float>(all.d).subspan(3);
  }
  double w(std::size_t i) const { return static_cast<double>(group.latent[i]); }
  double d(std::size_t i) const {
    return group.curvature.empty() ? 1.0 : static_cast<double>(group.curvature[i]);
  }
  double a(std::size_t i, Side side) const {
    if (side == Side::both) return std::abs(w(i));
    return std::max(side == Side::positive ? w(i) : -w(i), 0.0);
  }
};

template <typename Check>
void for_groups(const Check& check) {
  for (const std::size_t n : lengths()) {
    for (const bool curvature : {false, true}) {
      const Shifted group(n, curvature);
      INFO("n = " << n << ", curvature " << curvature);
      check(group, n);
    }
  }
}

// Two orders of summing n terms of these absolute values.
bool same_sum(double x, double y, double absolute, std::size_t n) {
  return std::abs(x - y) <= static_cast<double>(n) * kEpsilon * absolute;
}

}  // namespace

TEST_CASE("magnitude sums are the scalar sums", "[reference]") {
  for_groups([](const Shifted& group, std::size_t n) {
    for (const Side side : kSides) {
      MagnitudeSums expected;
      for (std::size_t i = 0; i < n; ++i) {
        const double a = group.a(i, side), d = group.d(i);
        expected += {a, a > 0 ? d : 0, d * a, static_cast<float>(a), group.w(i) == 0 ? d : 0};
      }
      const MagnitudeSums sums = magnitude_sums(group.group, side);
      CHECK(same_sum(sums.a, expected.a, expected.a, n));
      CHECK(same_sum(sums.d, expected.d, expected.d, n));
      CHECK(same_sum(sums.da, expected.da, expected.da, n));
      CHECK(same_sum(sums.zero_d, expected.zero_d, expected.zero_d, n));
      CHECK(sums.max == expected.max);
    }
  });
}

TEST_CASE("level sums are the scalar sums", "[reference]") {
  std::vector<LevelSet> sets = {LevelSet::make(LevelKind::ternary, 2)};
  for (const int bits : {3, 4, 8}) {
    sets.push_back(LevelSet::make(LevelKind::linear, bits));
    sets.push_back(LevelSet::make(LevelKind::log, bits));
  }
  for_groups([&](const Shifted& group, std::size_t n) {
    for (const LevelSet& levels : sets) {
      if (levels.k() > 7 && n > 600) continue;
      for (const Side side : kSides) {
        const double alpha = 0.4;
        double dqw = 0, dqq = 0;
        for (std::size_t i = 0; i < n; ++i) {
          double q = 0;
          for (int j = 1; j <= levels.k(); ++j) {
            const double threshold = alpha * levels.midpoint(j);
            if (group.a(i, side) > threshold) q = levels.level(j);
          }
          dqw += group.d(i) * q * group.a(i, side);
          dqq += group.d(i) * q * q;
        }
        const LevelSums sums =
            level_sums(group.group, side, levels.steps(), scaled_thresholds(levels, alpha));
        // Levels are summed in units: one more rounding for each term.
        const double unit = levels.unit();
        CHECK(same_sum(sums.dqw * unit, dqw, dqw, n + 8));
        CHECK(same_sum(sums.dqq * unit * unit, dqq, dqq, n + 8));
      }
    }
  });
}

TEST_CASE("sums over the previous codes are the scalar sums", "[reference]") {
  for_groups([](const Shifted& group, std::size_t n) {
    const RandomGroup before(n, n + 1, "sparse");
    Group here = group.group;
    here.previous = before.w;
    for (const Side side : kSides) {
      double dqw = 0, dqq = 0, absolute = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double previous = static_cast<double>(before.w[i]);
        if (side == Side::positive && previous < 0) continue;
        if (side == Side::negative && previous > 0) continue;
        dqw += group.d(i) * previous * group.w(i);
        dqq += group.d(i) * previous * previous;
        absolute += group.d(i) * std::abs(previous * group.w(i));
      }
      const LevelSums sums = previous_sums(here, side != Side::both).of(side);
      CHECK(same_sum(sums.dqw, dqw, absolute, n));
      CHECK(same_sum(sums.dqq, dqq, dqq, n));
    }
  });
}

TEST_CASE("weights are mapped as by the scalar rule", "[reference]") {
  std::vector<Codebook> steps(5);
  steps[0] = {{}, {0.5}, {0}, {1}, 0, true};
  steps[1] = {{-0.2f, 0.2f}, {-1, 0, 2}, {-1, 0, 1}, {2, 1}, 0, true};
  steps[3] = {{0.1f}, {-1, 2}, {-1, 1}, {2, 1}, 0, true};
  for (int j = -3; j <= 3; ++j) {
    steps[4].codes.push_back(j);
    steps[4].values.push_back(j / 3.0);
    if (j > -3) steps[4].thresholds.push_back(static_cast<float>((j - 0.5) / 3));
  }
  for (int j = -127; j <= 127; ++j) {
    steps[2].codes.push_back(j);
    steps[2].values.push_back(j / 127.0);
    if (j > -127) steps[2].thresholds.push_back(static_cast<float>((j - 0.5) / 127));
  }
  for_groups([&](const Shifted& group, std::size_t n) {
    for (const auto& step : steps) {
      if (step.codes.size() > 9 && n > 600) continue;
      std::vector<float> values(n + 1, 77.0f), expected_values;
      std::vector<int> codes(n + 1, 77), expected_codes;
      apply(step, group.group.latent, std::span(values).first(n));
      encode(step, group.group.latent, std::span(codes).first(n));
      for (std::size_t i = 0; i < n; ++i) {
        std::size_t below = 0;
        for (const float threshold : step.thresholds) {
          below += group.w(i) > static_cast<double>(threshold) ? 1 : 0;
        }
        expected_values.push_back(static_cast<float>(step.values[below]));
        expected_codes.push_back(step.codes[below]);
      }
      expected_values.push_back(77.0f);  // nothing is written beyond the end
      expected_codes.push_back(77);
      CHECK(values == expected_values);
      CHECK(codes == expected_codes);
    }
  });
}

TEST_CASE("the objective is the scalar sum", "[reference]") {
  for_groups([](const Shifted& group, std::size_t n) {
    const RandomGroup quantized(n, n + 2, "bimodal");
    double expected = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double error = group.w(i) - static_cast<double>(quantized.w[i]);
      expected += group.d(i) * error * error;
    }
    const double sum = objective(group.group.latent, group.group.curvature, quantized.w);
    CHECK(same_sum(sum, expected, expected, n));
  });
}

TEST_CASE("all passes give the same bits for one and two threads", "[reference]") {
  const Shifted group(3 * kChunk + 17, true);
  const LevelSet levels = LevelSet::make(LevelKind::linear, 3);
  const RandomGroup before(3 * kChunk + 17, 2, "sparse");
  Group here = group.group;
  here.previous = before.w;
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2}) {
    const WithThreads with(threads);
    const auto magnitudes = magnitude_sums(here, Side::both);
    const auto sums = level_sums(here, Side::both, levels.steps(), scaled_thresholds(levels, 0.4));
    const auto previous = previous_sums(here, false).of(Side::both);
    results.push_back({magnitudes.a, magnitudes.d, magnitudes.da, sums.dqw, sums.dqq, previous.dqw,
                       previous.dqq, objective(here.latent, here.curvature, before.w)});
  }
  CHECK(results[0] == results[1]);
}
