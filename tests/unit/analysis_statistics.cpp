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

TEST_CASE("the median is the middle value or the mean of two") {
  CHECK(median({3, 1, 2}) == 2.0);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(median({7}) == 7.0);
  CHECK_FALSE(median({}));
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
