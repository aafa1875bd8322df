#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "analysis/statistics.hpp"
#include "analysis/unicode.hpp"

using namespace laq::analysis;

TEST_CASE("mean and sample standard deviation, by hand") {
  // 1, 2, 4: mean 7/3, deviations -4/3, -1/3, 5/3, squares 42/9, variance 42/18 = 7/3.
  const Summary three = summarize(std::vector{1.0, 2.0, 4.0});
  CHECK(three.n == 3);
  CHECK(three.mean == Approx(7.0 / 3).epsilon(1e-15));
  REQUIRE(three.sd);
  CHECK(*three.sd == Approx(std::sqrt(7.0 / 3)).epsilon(1e-14));
  CHECK(three.standard_error() == Approx(std::sqrt(7.0) / 3).epsilon(1e-14));

  const Summary equal = summarize(std::vector{1.5, 1.5});
  CHECK(equal.sd == 0.0);
  const Summary one = summarize(std::vector{1.58});
  CHECK(one.mean == 1.58);
  CHECK_FALSE(one.sd);
  CHECK(one.standard_error() == 0);
  CHECK(summarize({}).n == 0);
}

TEST_CASE("text is measured in columns of a terminal") {
  CHECK(display_width("LATe") == 4);
  CHECK(display_width("1.58 ± 0.03") == 11);
  CHECK(display_width("e\u0301") == 1);  // a combining accent
  CHECK(display_width("量子") == 4);
  CHECK(display_width("\xff\xe2\x82") == 3);  // three bytes that are not UTF-8
  CHECK(one_line("a\nb\tc\x1b") == "a b c ");
  CHECK(one_line("\xc0\xaf") == "\uFFFD\uFFFD");  // an overlong form
  for (const char* text : {"a", "é", "†", "𝛼", "量子"})
    CHECK(encode_utf8(decode_utf8(text)) == text);
}

TEST_CASE("the t interval and test of two and three values, by hand") {
  // Two degrees of freedom: F(t) = ½ + t / (2 √(2 + t²)), so t₀.₉₇₅ = √(2·0.95² / (1 − 0.95²)).
  const Summary three = summarize(std::vector{-0.10, -0.08, -0.12});
  const double error = 0.02 / std::sqrt(3.0);
  const double reach = std::sqrt(2 * 0.95 * 0.95 / (1 - 0.95 * 0.95)) * error;
  const auto interval = t_interval(three, 0.95);
  REQUIRE(interval);
  CHECK(interval->low == Approx(-0.1 - reach));
  CHECK(interval->high == Approx(-0.1 + reach));
  const double t = 0.1 / error;
  CHECK(*t_test(three, 0, true) == Approx(0.5 - t / (2 * std::sqrt(2 + t * t))));
  CHECK(*t_test(three, 0, false) == Approx(0.5 + t / (2 * std::sqrt(2 + t * t))));
  CHECK(*t_test(three, -0.1, true) == Approx(0.5));

  // One degree of freedom is the Cauchy distribution: t₀.₉₇₅ = tan(0.475 π).
  const Summary two = summarize(std::vector{1.0, 3.0});
  CHECK(t_interval(two, 0.95)->high == Approx(2 + std::tan(0.475 * M_PI)));
  CHECK(*t_test(two, 1, false) == Approx(0.25));  // t = 1
}

TEST_CASE("one value has no interval, equal values have an empty one") {
  CHECK_FALSE(t_interval(summarize(std::vector{1.0}), 0.95));
  CHECK_FALSE(t_test(summarize(std::vector{1.0}), 0, true));
  const Summary equal = summarize(std::vector{1.5, 1.5});
  CHECK(t_interval(equal, 0.95)->low == 1.5);
  CHECK(t_interval(equal, 0.95)->high == 1.5);
  CHECK(*t_test(equal, 2, true) == 0);
  CHECK(*t_test(equal, 1.5, true) == 1);
}

TEST_CASE("a spread is at least what a grid hides") {
  CHECK(grid_spread(0.01, true) == Approx(0.01 / std::sqrt(6.0)));
  CHECK(grid_spread(0.01, false) == Approx(0.01 / std::sqrt(12.0)));
  CHECK(*with_spread(summarize(std::vector{1.5, 1.5}), 0.1).sd == 0.1);
  CHECK(*with_spread(summarize(std::vector{1.0, 2.0}), 0.1).sd == Approx(std::sqrt(0.5)));
  CHECK_FALSE(with_spread(summarize(std::vector{1.0}), 0.1).sd);
}

TEST_CASE("prediction and spread intervals") {
  CHECK_FALSE(prediction_reach(summarize(std::vector{1.0}), 0.95));
  CHECK_FALSE(spread_interval(summarize(std::vector{1.0}), 0.9));
  // scipy: t.ppf(0.975, 4) * 0.2 * sqrt(1.2); 0.2 * sqrt(4 / chi2.ppf([0.95, 0.05], 4)).
  const Summary five{5, 1, 0.2};
  CHECK(*prediction_reach(five, 0.95) == Approx(0.6082886).epsilon(1e-6));
  CHECK(spread_interval(five, 0.9)->low == Approx(0.1298610).epsilon(1e-6));
  CHECK(spread_interval(five, 0.9)->high == Approx(0.4744711).epsilon(1e-6));
}

TEST_CASE("power by the noncentral t") {
  // By integrating Φ(t u − δ) over the density of u = χ/√ν (numpy, 400 000 points).
  const std::vector<double> one = {0.9}, both = {0.9, 0.9};
  CHECK(power(20, one, 0.95) == Approx(0.96815164).epsilon(1e-7));
  CHECK(power(20, both, 0.95) == Approx(0.93630328).epsilon(1e-7));
  CHECK(power(5, std::vector{2.0}, 0.99) == Approx(0.54717619).epsilon(1e-7));
  CHECK(power(2, std::vector{30.0}, 0.95) == Approx(0.99912759).epsilon(1e-7));
  CHECK(power(10, std::vector{0.3, 0.3}, 0.95) == 0);
  CHECK(power(10, std::vector{1e9}, 0.95) == 1);
  CHECK(values_needed(std::vector{1.0}, 0.95, 0.8) == 10);
  CHECK(values_needed(std::vector{0.5}, 0.95, 0.8) == 34);
  CHECK(values_needed(std::vector{1.0, 1.0}, 0.95, 0.9) == 16);
  CHECK(values_needed(std::vector{0.2, 0.2}, 0.95, 0.9) == 327);
  CHECK(values_needed(std::vector{100.0}, 0.95, 0.8) == 2);
  CHECK_FALSE(values_needed(std::vector{0.001}, 0.95, 0.8));
}

TEST_CASE("equivalence is found as often as the power says") {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0, 1);
  constexpr int kTrials = 4000;
  constexpr std::size_t n = 16;
  int inside = 0;
  for (int i = 0; i < kTrials; ++i) {
    std::vector<double> values;
    for (std::size_t j = 0; j < n; ++j) values.push_back(normal(random));
    const auto interval = t_interval(summarize(values), 0.95);
    inside += interval->low > -1 && interval->high < 1 ? 1 : 0;
  }
  CHECK(static_cast<double>(inside) / kTrials ==
        Approx(power(n, std::vector{1.0, 1.0}, 0.95)).margin(0.015));
}
