#include <catch2/catch.hpp>

#include "core/median.hpp"

using laq::median;

TEST_CASE("the median is the middle value or the mean of two") {
  CHECK(median({3, 1, 2}) == 2.0);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(median({7}) == 7.0);
  CHECK_FALSE(median({}));
}
