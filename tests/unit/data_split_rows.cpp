#include <algorithm>
#include <set>

#include "data/read_images.hpp"
#include "data/split_rows.hpp"
#include "data_fixture.hpp"

namespace laq::data {
namespace {

/// Labels sorted by class, as in a folder: `each` of every one of `classes`.
std::vector<std::uint8_t> sorted_labels(std::size_t classes, std::size_t each) {
  std::vector<std::uint8_t> labels;
  for (std::size_t label = 0; label < classes; ++label) {
    labels.insert(labels.end(), each, static_cast<std::uint8_t>(label));
  }
  return labels;
}

}  // namespace

TEST_CASE("rows in order are the first and the last", "[data]") {
  const PartRows rows = rows_in_order({.train = 3, .validation = 2, .test = 1});
  CHECK(rows.train == std::vector<std::int64_t>{0, 1, 2});
  CHECK(rows.validation == std::vector<std::int64_t>{3, 4});
}

TEST_CASE("rows drawn by class are mixed, disjoint, and the same every time", "[data]") {
  const auto labels = sorted_labels(10, 200);
  const Splits splits{.train = 1500, .validation = 500, .test = 1, .validation_per_class = {50}};
  const PartRows rows = rows_by_class(labels, {2000}, splits, 10, "x");
  REQUIRE(rows.train.size() == 1500);
  REQUIRE(rows.validation.size() == 500);
  std::set<std::int64_t> all(rows.train.begin(), rows.train.end());
  all.insert(rows.validation.begin(), rows.validation.end());
  CHECK(all.size() == 2000);
  CHECK(*all.rbegin() == 1999);
  std::vector<int> drawn(10);
  for (const auto row : rows.validation) ++drawn[labels[static_cast<std::size_t>(row)]];
  CHECK(drawn == std::vector<int>(10, 50));
  for (const auto* part : {&rows.train, &rows.validation}) {
    CHECK_FALSE(std::is_sorted(part->begin(), part->end()));
    std::set<std::uint8_t> first;
    for (std::size_t i = 0; i < 100; ++i)
      first.insert(labels[static_cast<std::size_t>((*part)[i])]);
    CHECK(first.size() == 10);
  }
  const PartRows again = rows_by_class(labels, {2000}, splits, 10, "x");
  CHECK(again.train == rows.train);
  CHECK(again.validation == rows.validation);
}

TEST_CASE("parts follow their lists of rows", "[data]") {
  const ImageSet training{.count = 4,
                          .channels = 1,
                          .height = 1,
                          .width = 1,
                          .pixels = {10, 20, 30, 40},
                          .labels = {0, 1, 2, 3}};
  const ImageSet test{
      .count = 1, .channels = 1, .height = 1, .width = 1, .pixels = {50}, .labels = {4}};
  const LoadedImages images{training, test, {3, 1, 0}, {2}};
  const ImageData data(images,
                       {.preprocessing = Preprocessing::mean_image, .limits = {.train = 2}});
  CHECK(data.size(Part::train) == 2);
  CHECK(data.size(Part::validation) == 1);
  CHECK(data.size(Part::test) == 1);
  CHECK(data.mean()[0] == 30.0f / 255);  // of rows 3 and 1
  const std::vector<std::int64_t> indices{1, 0};
  std::vector<float> values(2);
  std::vector<std::int64_t> labels(2);
  data.gather(Part::train, indices, values.data(), labels.data());
  CHECK(labels == std::vector<std::int64_t>{1, 3});
  CHECK(values[0] == 20.0f / 255 - data.mean()[0]);
  const std::vector<std::int64_t> first{0};
  data.gather(Part::validation, first, values.data(), labels.data());
  CHECK(labels[0] == 2);
}

}  // namespace laq::data
