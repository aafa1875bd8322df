#include <algorithm>

#include "data/svhn.hpp"
#include "data_pictures_fixture.hpp"

namespace laq::data {
namespace {

using test::mat;
using test::MatContent;

constexpr std::size_t kHeight = 2, kWidth = 3, kChannels = 3;

/// `count` pictures in MATLAB's order; the pixel (y, x, c) of picture n is 100 c + 10 y + x + n.
MatContent pictures(std::vector<double> labels) {
  MatContent content{.x_shape = {kHeight, kWidth, kChannels, labels.size()}, .x = {}, .y = {}};
  for (std::size_t n = 0; n < labels.size(); ++n) {
    for (std::size_t c = 0; c < kChannels; ++c) {
      for (std::size_t x = 0; x < kWidth; ++x) {
        for (std::size_t y = 0; y < kHeight; ++y) {
          content.x.push_back(static_cast<std::uint8_t>(100 * c + 10 * y + x + n));
        }
      }
    }
  }
  content.y = std::move(labels);
  return content;
}

/// Labels 1, 2, …, 10, 1, …
std::vector<double> labels(std::size_t count) {
  std::vector<double> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(static_cast<double>(i % 10 + 1));
  return all;
}

/// 50 pictures in train and 40 in extra, of which 2 and 1 of each class are for validation; 12 for
/// testing.
struct Svhn : PictureDataset {
  Svhn() : PictureDataset(Kind::svhn, 10, {3, 2, 3}, {60, 30, 12, {2, 1}}) {
    publish("train", pictures(labels(50)));
    publish("extra", pictures(labels(40)));
    publish("test", pictures(labels(12)));
  }
  void publish(const std::string& role, const MatContent& content) {
    publish_bytes(role, mat(content, folder / "written.mat"));
  }
  void publish_bytes(const std::string& role, const std::string& bytes) {
    PictureDataset::publish(role, role + "_32x32.mat", bytes);
  }
  /// The error when the test file has this content.
  std::string error_with(const MatContent& content) {
    publish("test", content);
    return error();
  }
};

void check_picture(const ImageSet& set, std::size_t row, std::size_t number) {
  for (std::size_t c = 0; c < kChannels; ++c) {
    for (std::size_t y = 0; y < kHeight; ++y) {
      for (std::size_t x = 0; x < kWidth; ++x) {
        const std::size_t at = ((row * kChannels + c) * kHeight + y) * kWidth + x;
        CHECK(set.pixels[at] == static_cast<std::uint8_t>(100 * c + 10 * y + x + number));
      }
    }
  }
}

}  // namespace

TEST_CASE("SVHN's columns become rows and its label 10 the digit 0", "[data]") {
  Svhn set;
  for (const bool packed : {true, false}) {
    for (const bool doubles : {true, false}) {
      MatContent content = pictures(labels(12));
      content.packed = packed;
      content.doubles = doubles;
      set.publish("test", content);
      const LoadedImages images = set.read();
      CHECK(images.test.labels == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2});
      for (const std::size_t row : {0, 5, 11}) check_picture(images.test, row, row);
      check_picture(images.training, 49, 49);
      check_picture(images.training, 50, 0);  // extra begins
      check_picture(images.training, 89, 39);
    }
  }
}

TEST_CASE("SVHN's validation part is drawn by class from both files", "[data]") {
  Svhn set;
  const LoadedImages images = set.read();
  REQUIRE(images.validation_rows.size() == 30);
  REQUIRE(images.train_rows.size() == 60);
  std::vector<std::int64_t> drawn(20);  // file × class
  for (const std::int64_t row : images.validation_rows) {
    ++drawn[(row < 50 ? 0 : 10) + images.training.labels[static_cast<std::size_t>(row)]];
  }
  CHECK(std::count(drawn.begin(), drawn.begin() + 10, 2) == 10);
  CHECK(std::count(drawn.begin() + 10, drawn.end(), 1) == 10);
  std::vector<std::int64_t> all = images.train_rows;
  all.insert(all.end(), images.validation_rows.begin(), images.validation_rows.end());
  std::sort(all.begin(), all.end());
  for (std::size_t row = 0; row < 90; ++row) CHECK(all[row] == static_cast<std::int64_t>(row));
  CHECK(set.read().validation_rows == images.validation_rows);
}

TEST_CASE("SVHN with several hundred thousand values is read whole", "[data]") {
  Svhn set;
  std::vector<double> many = labels(20000);
  set.spec.splits.test = 20000;
  set.publish("test", pictures(many));
  const LoadedImages images = set.read();
  for (const std::size_t row : {0, 9999, 16383, 16384, 19999}) check_picture(images.test, row, row);
}

TEST_CASE("bad SVHN files are errors", "[data]") {
  Svhn set;
  const MatContent good = pictures(labels(12));
  MatContent content = good;

  SECTION("no X or no y") {
    content.x_shape.clear();
    CHECK_THAT(set.error_with(content), Contains("test_32x32.mat: has no variable 'X'") &&
                                            Contains("expected X and y") &&
                                            Contains("laq data fetch small"));
    content = good;
    content.y.clear();
    CHECK_THAT(set.error_with(content), Contains("has no variable 'y'"));
  }
  SECTION("MATLAB v7.3") {
    const std::string signature = "\x89HDF\r\n\x1a\n";
    const std::string text = "MATLAB 7.3 MAT-file, Platform: GLNXA64";
    for (const std::string& head :
         {text + std::string(512 - text.size(), ' '), std::string(512, ' '), std::string()}) {
      set.publish_bytes("test", head + signature + std::string(600, '\0'));
      CHECK_THAT(set.error(), Contains("found v7.3 (HDF5), expected v5"));
    }
  }
  SECTION("no MATLAB file") {
    set.publish_bytes("test", std::string(1000, 'x'));
    CHECK_THAT(set.error(), Contains("is not a MATLAB v5 file"));
    set.publish_bytes("test", "short");
    CHECK_THAT(set.error(), Contains("is not a MATLAB v5 file"));
  }
  SECTION("labels out of range") {
    for (const double label : {0.0, 11.0, 255.0}) {
      content.y[3] = label;
      CHECK_THAT(set.error_with(content),
                 Contains("label 3 is out of range: found ") && Contains("expected 1 to 10"));
    }
    content.doubles = true;
    for (const double label : {1.5, -1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
      content.y[3] = label;
      CHECK_THAT(set.error_with(content), Contains("label 3 is out of range"));
    }
  }
  SECTION("pictures of another size, type or number") {
    content.x_shape = {kWidth, kHeight, kChannels, 12};
    CHECK_THAT(set.error_with(content),
               Contains("variable 'X' has another type or shape") &&
                   Contains("found uint8, 3 x 2 x 3 x 12, expected uint8, 2 x 3 x 3 x 12"));
    content = good;
    content.y.pop_back();
    CHECK_THAT(set.error_with(content), Contains("x 12, expected uint8, 2 x 3 x 3 x 11"));
    content = good;
    content.x_doubles = true;
    CHECK_THAT(set.error_with(content), Contains("found not uint8"));
    CHECK_THAT(set.error_with(pictures(labels(11))), Contains("test file do not fit"));
  }
  SECTION("truncated, by size and by content") {
    const std::string whole = mat(good, set.folder / "written.mat");
    write(set.place("test_32x32.mat"), whole.substr(0, whole.size() - 20));
    CHECK_THAT(set.error(), Contains("file is truncated: found "));
    content.packed = false;
    content.y.clear();
    MatContent last = good;  // y first, so that X is what ends early
    last.x_shape.clear();
    last.packed = false;
    const std::string y = mat(last, set.folder / "written.mat");
    const std::string x = mat(content, set.folder / "written.mat").substr(128);
    set.publish_bytes("test", y + x);
    CHECK(set.error() == "no error");
    set.publish_bytes("test", y + x.substr(0, x.size() - 100));
    CHECK_THAT(set.error(), Contains("test_32x32.mat: MATLAB file is truncated"));
    set.publish_bytes("test", whole.substr(0, whole.size() - 1));  // packed, y last
    CHECK_THAT(set.error(), Contains("test_32x32.mat: MATLAB file is truncated"));
  }
  SECTION("a class with too few pictures") {
    std::vector<double> few = labels(50);
    std::replace(few.begin(), few.end(), 10.0, 1.0);
    set.publish("train", pictures(few));
    CHECK_THAT(set.error(), Contains("class 0 has too few pictures for validation: found 0 in "
                                     "training file 1, expected at least 2"));
  }
}

}  // namespace laq::data
