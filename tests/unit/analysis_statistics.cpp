#include <catch2/catch.hpp>
#include <cmath>

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
