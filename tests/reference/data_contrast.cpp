#include <cmath>

#include "core/random.hpp"
#include "data/contrast.hpp"
#include "data/prepare.hpp"
#include "support/catch.hpp"

using namespace laq;
using namespace laq::data;

namespace {

constexpr double kFloatEpsilon = std::numeric_limits<float>::epsilon();

std::vector<float> random_values(std::size_t count, std::uint64_t seed, double offset,
                                 double spread) {
  RandomStream stream(seed, "test picture");
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(offset + spread * stream.normal());
  return values;
}

std::vector<double> direct_global(const std::vector<float>& x, double scale) {
  double mean = 0, norm = 0;
  for (const float value : x) mean += static_cast<double>(value) / static_cast<double>(x.size());
  std::vector<double> y;
  for (const float value : x) y.push_back(static_cast<double>(value) - mean);
  for (const double value : y) norm += value * value;
  norm = std::sqrt(norm);
  for (double& value : y) value *= norm / scale < 1e-8 ? 1 : scale / norm;
  return y;
}

// Sums over the two-dimensional window, as the definition has it. `of_raw`: the divisor's squares
// are of x, not of x − g ∗ x.
std::vector<double> direct_local(const std::vector<float>& x, int height, int width,
                                 bool of_raw = false) {
  constexpr int kRadius = 3;
  constexpr double kSigma = 2, kSmallest = 1e-4;
  double total = 0;
  const auto gauss = [](int i, int j) {
    return std::exp(-(i * i + j * j) / (2 * kSigma * kSigma));
  };
  for (int i = -kRadius; i <= kRadius; ++i) {
    for (int j = -kRadius; j <= kRadius; ++j) total += gauss(i, j);
  }
  const auto blurred = [&](const std::vector<double>& in) {
    std::vector<double> out(in.size());
    for (int y = 0; y < height; ++y) {
      for (int z = 0; z < width; ++z) {
        for (int i = -kRadius; i <= kRadius; ++i) {
          for (int j = -kRadius; j <= kRadius; ++j) {
            if (y + i < 0 || y + i >= height || z + j < 0 || z + j >= width) continue;
            out[static_cast<std::size_t>(y * width + z)] +=
                gauss(i, j) / total * in[static_cast<std::size_t>((y + i) * width + z + j)];
          }
        }
      }
    }
    return out;
  };
  std::vector<double> v(x.begin(), x.end()), squares;
  const std::vector<double> raw = v, mean = blurred(v);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] -= mean[i];
  for (const double value : of_raw ? raw : v) squares.push_back(value * value);
  auto spread = blurred(squares);
  double average = 0;
  for (double& value : spread) {
    value = std::sqrt(value);
    average += value / static_cast<double>(spread.size());
  }
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] /= std::max({spread[i], average, kSmallest});
  }
  return v;
}

void check_near(const std::vector<float>& found, const std::vector<double>& expected,
                double tolerance) {
  double largest = 0, distance = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    distance = std::max(distance, std::abs(static_cast<double>(found[i]) - expected[i]));
  }
  CHECK(distance <= tolerance * largest);
}

}  // namespace

TEST_CASE("global contrast normalisation is its definition", "[data]") {
  for (const std::size_t count : {1UL, 2UL, 17UL, 3072UL}) {
    for (const double scale : {1.0, 55.0}) {
      const auto x = random_values(count, count, 120, 40);
      auto y = x;
      normalize_global_contrast(y, {.scale = scale});
      check_near(y, direct_global(x, scale), 2 * kFloatEpsilon);
      double sum = 0, squares = 0;
      for (const float value : y) {
        sum += static_cast<double>(value);
        squares += static_cast<double>(value) * static_cast<double>(value);
      }
      const double n = static_cast<double>(count);
      CHECK(std::abs(sum) <= n * kFloatEpsilon * scale);
      if (count > 1) CHECK(std::sqrt(squares) == Approx(scale).epsilon(2 * kFloatEpsilon));
    }
  }
}

TEST_CASE("a picture without contrast becomes zero", "[data]") {
  std::vector<float> flat(3072, 77);
  normalize_global_contrast(flat, {.scale = 55});
  CHECK(flat == std::vector<float>(3072));
  LocalContrastFilter filter(32, 32, {});
  std::vector<float> zero(1024);
  filter.normalize(zero);
  CHECK(zero == std::vector<float>(1024));
}

TEST_CASE("local contrast normalisation is its definition", "[data]") {
  struct Case {
    int height, width;
    double offset, spread;
  };
  for (const Case& one : std::vector<Case>{{32, 32, 0, 0.018},
                                           {32, 32, 0.5, 0.1},
                                           {28, 20, 0, 1e-6},  // below the smallest divisor
                                           {5, 4, 1, 1},       // smaller than the window
                                           {1, 9, 0, 1},
                                           {1, 1, 3, 1}}) {
    CAPTURE(one.height, one.width);
    LocalContrastFilter filter(one.height, one.width, {}),
        pylearn2(one.height, one.width, kPylearn2Contrast);
    for (const std::uint64_t seed : {1UL, 2UL}) {  // the filter's memory is used again
      const auto x = random_values(static_cast<std::size_t>(one.height * one.width), seed,
                                   one.offset, one.spread);
      auto y = x, z = x;
      filter.normalize(y);
      check_near(y, direct_local(x, one.height, one.width), 64 * kFloatEpsilon);
      pylearn2.normalize(z);
      check_near(z, direct_local(x, one.height, one.width, true), 64 * kFloatEpsilon);
    }
  }
}

TEST_CASE("a flat part of a picture is not amplified", "[data]") {
  std::vector<float> x(1024);
  for (std::size_t i = 0; i < 1024; ++i)
    x[i] = i % 32 < 16 ? 0.001f * static_cast<float>(i % 2) : (i % 2 ? 1.0f : -1.0f);
  LocalContrastFilter filter(32, 32, {});
  filter.normalize(x);
  for (std::size_t row = 8; row < 24; ++row) {
    for (std::size_t column = 4; column < 12; ++column)
      CHECK(std::abs(x[row * 32 + column]) < 0.01f);
  }
}

TEST_CASE("pylearn2's rule changes the first channel alone", "[data]") {
  constexpr int kHeight = 9, kWidth = 7;
  constexpr std::size_t kChannel = kHeight * kWidth;
  RandomStream stream(5, "test picture");
  ImageSet images{.count = 2,
                  .channels = 3,
                  .height = kHeight,
                  .width = kWidth,
                  .pixels = {},
                  .labels = {0, 1}};
  for (std::size_t i = 0; i < 2 * 3 * kChannel; ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(256 * stream.uniform()));
  const std::vector<std::int64_t> rows = {1, 0};
  const auto direct = [&](std::size_t row, LocalContrastRule rule) {
    const auto* begin = images.pixels.data() + row * 3 * kChannel;
    const bool pylearn2 = rule == LocalContrastRule::pylearn2;
    const auto global = direct_global({begin, begin + 3 * kChannel}, 1);
    std::vector<double> all;
    for (std::size_t c = 0; c < 3; ++c) {
      const auto from = global.begin() + static_cast<std::ptrdiff_t>(c * kChannel);
      const std::vector<double> channel(from, from + kChannel);
      const auto local = direct_local({channel.begin(), channel.end()}, kHeight, kWidth, pylearn2);
      const auto& kept = pylearn2 && c > 0 ? channel : local;
      all.insert(all.end(), kept.begin(), kept.end());
    }
    return all;
  };
  for (const auto rule : {LocalContrastRule::all_channels, LocalContrastRule::pylearn2}) {
    const FloatRows found = normalized_rows(images, rows, Preprocessing::gcn_lcn, rule);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const float* begin = found.get() + i * 3 * kChannel;
      check_near({begin, begin + 3 * kChannel}, direct(static_cast<std::size_t>(rows[i]), rule),
                 128 * kFloatEpsilon);
    }
  }
}
