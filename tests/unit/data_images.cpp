#include <algorithm>
#include <array>
#include <cmath>

#include "data/contrast.hpp"
#include "data/image_set.hpp"
#include "data/read_images.hpp"
#include "data/zca.hpp"
#include "data_fixture.hpp"

namespace laq::data {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = fs::path(__FILE__).parent_path() / "../..";

struct Rows {
  std::vector<float> values;
  std::vector<std::int64_t> labels;
};

Rows gather(const ImageData& data, Part part, const std::vector<std::int64_t>& indices) {
  Rows rows;
  rows.values.resize(indices.size() * static_cast<std::size_t>(data.features()));
  rows.labels.resize(indices.size());
  data.gather(part, indices, rows.values.data(), rows.labels.data());
  return rows;
}

/// The small dataset, read from files.
ImageData small(Preprocessing preprocessing, const ImageLimits& limits = {}) {
  SmallDataset set;
  set.spec.preprocessing = preprocessing;
  const TemporaryFolder folder;
  set.write_to(folder / "small");
  return load_images(set.spec, {.data_dir = folder / ""}, limits);
}

/// Where real MNIST is, if it is.
std::optional<DataPaths> real_mnist(const DatasetSpec& spec) {
  const DataPaths environment = paths_from_environment();
  const DataPaths beside{.data_dir = kRoot / "data", .mirror = (kRoot / "../shared/data").string()};
  for (const auto& paths : {environment, beside}) {
    const bool all = std::all_of(spec.files.begin(), spec.files.end(), [&](const DataFile& file) {
      return locate(spec, file, paths).has_value();
    });
    if (all) return paths;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("parts are ranges of the files and the mean is that of the training part", "[data]") {
  const ImageData data = small(Preprocessing::mean_image);
  CHECK(data.size(Part::train) == 4);
  CHECK(data.size(Part::validation) == 2);
  CHECK(data.size(Part::test) == 3);
  CHECK(data.height() == 2);
  CHECK(data.width() == 3);
  CHECK(data.channels() == 1);
  REQUIRE(data.features() == 6);
  for (std::size_t p = 0; p < 6; ++p) {  // pictures 0 to 3: the mean of 10 n is 15
    CHECK(data.mean()[p] == static_cast<float>((15.0 + static_cast<double>(p)) / 255));
  }
  const Rows train = gather(data, Part::train, {3, 0});
  CHECK(train.values[0] == 30.0f / 255 - data.mean()[0]);
  CHECK(train.values[6 + 5] == 5.0f / 255 - data.mean()[5]);
  CHECK(train.labels == std::vector<std::int64_t>{0, 0});
  const Rows validation = gather(data, Part::validation, {0, 1});
  CHECK(validation.values[0] == 40.0f / 255 - data.mean()[0]);
  CHECK(validation.labels == std::vector<std::int64_t>{1, 2});
  const Rows test = gather(data, Part::test, {2});
  CHECK(test.values[1] == 121.0f / 255 - data.mean()[1]);
  CHECK(test.labels == std::vector<std::int64_t>{2});
}

TEST_CASE("without preprocessing pixels are only scaled", "[data]") {
  const ImageData data = small(Preprocessing::none);
  CHECK(data.mean() == std::vector<float>(6));
  CHECK(gather(data, Part::test, {0}).values[5] == 105.0f / 255);
}

TEST_CASE("limits keep the first rows of a part", "[data]") {
  const ImageData data = small(Preprocessing::mean_image, {.train = 2, .validation = 1});
  CHECK(data.size(Part::train) == 2);
  CHECK(data.size(Part::validation) == 1);
  CHECK(data.size(Part::test) == 3);
  CHECK(data.mean()[0] == static_cast<float>(5.0 / 255));
  CHECK(gather(data, Part::validation, {0}).labels[0] == 1);  // still the file's row 4
  CHECK(small(Preprocessing::none, {.train = 99, .validation = 99}).size(Part::train) == 4);
}

TEST_CASE("rows out of range are refused and labels may be left out", "[data]") {
  const ImageData data = small(Preprocessing::none);
  std::array<float, 6> out{};
  for (const std::int64_t row : {-1, 4}) {
    const std::array<std::int64_t, 1> rows{row};
    CHECK_THAT(error_of([&] { data.gather(Part::train, rows, out.data(), nullptr); }),
               Contains("out of range") && Contains("expected 0 to 3"));
  }
  const std::array<std::int64_t, 1> rows{1};
  data.gather(Part::train, rows, out.data(), nullptr);
  CHECK(out[0] == 10.0f / 255);
}

TEST_CASE("pictures of another size than the dataset's are refused", "[data]") {
  const TemporaryFolder folder;
  const auto load = [&](const SmallDataset& set) {
    set.write_to(folder / "small");
    return error_of([&] { load_images(set.spec, {.data_dir = folder / ""}); });
  };
  SmallDataset set;
  CHECK(load(set) == "no error");
  set.publish(2, idx(0x803, {3, 3, 2}, std::string(18, 'x')));
  CHECK_THAT(load(set), Contains("dataset small: the test pictures have another size") &&
                            Contains("found 1 x 3 x 2, expected 1 x 2 x 3"));
  SmallDataset other;
  other.spec.shape = {3, 2, 3};
  CHECK_THAT(load(other), Contains("the train pictures have another size") &&
                              Contains("found 1 x 2 x 3, expected 3 x 2 x 3"));
}

TEST_CASE("test pictures of another size than training pictures are refused", "[data]") {
  const ImageSet training{
      .count = 2, .height = 1, .width = 2, .pixels = {1, 2, 3, 4}, .labels = {0, 1}};
  const ImageSet test{.count = 1, .height = 2, .width = 1, .pixels = {1, 2}, .labels = {0}};
  CHECK_THAT(error_of([&] {
               ImageData(training, test, {.train = 1, .validation = 1, .test = 1},
                         Preprocessing::none);
             }),
             Contains("found 1x2x1, expected 1x1x2"));
}

TEST_CASE("sets that do not fit the splits are refused", "[data]") {
  const ImageSet two{.count = 2, .height = 1, .width = 1, .pixels = {1, 2}, .labels = {0, 1}};
  const auto make = [&](const ImageSet& training, const Splits& splits) {
    return error_of([&] { ImageData(training, two, splits, Preprocessing::none); });
  };
  CHECK(make(two, {.train = 1, .validation = 1, .test = 2}) == "no error");
  CHECK_THAT(make(two, {.train = 2, .validation = 1, .test = 2}), Contains("training file"));
  CHECK_THAT(make(two, {.train = 1, .validation = 1, .test = 3}), Contains("test file"));
  ImageSet broken = two;
  broken.labels.pop_back();
  CHECK_THAT(make(broken, {.train = 1, .validation = 1, .test = 2}), Contains("1 labels"));
}

namespace {

/// `count` pictures of 2 × 3 × 4: picture n, value p is a number of its own; label n mod 5.
ImageSet coloured(std::int64_t count) {
  ImageSet set{.count = count, .channels = 2, .height = 3, .width = 4, .pixels = {}, .labels = {}};
  for (std::int64_t n = 0; n < count; ++n) {
    for (std::int64_t p = 0; p < set.features(); ++p) {
      set.pixels.push_back(static_cast<std::uint8_t>((37 * n + 11 * p * p + n * p) % 251));
    }
    set.labels.push_back(static_cast<std::uint8_t>(n % 5));
  }
  return set;
}

LoadedImages coloured(const std::vector<std::int64_t>& train,
                      const std::vector<std::int64_t>& validation) {
  return {coloured(10), coloured(3), train, validation};
}

std::vector<float> contrast_of(const ImageSet& set, std::int64_t row,
                               const GlobalContrast& constants) {
  const auto first = set.pixels.begin() + row * set.features();
  std::vector<float> picture(first, first + set.features());
  normalize_global_contrast(picture, constants);
  return picture;
}

}  // namespace

TEST_CASE("parts are the rows that are asked for, in that order", "[data]") {
  const ImageSet set = coloured(10);
  const ImageData data(coloured({7, 2, 5}, {0, 9}), {.preprocessing = Preprocessing::none});
  CHECK(data.size(Part::train) == 3);
  CHECK(data.size(Part::validation) == 2);
  CHECK(data.size(Part::test) == 3);
  const Rows train = gather(data, Part::train, {0, 2});
  CHECK(train.labels == std::vector<std::int64_t>{2, 0});
  CHECK(train.values[0] == static_cast<float>(set.pixels[7 * 24]) / 255);
  CHECK(train.values[24 + 3] == static_cast<float>(set.pixels[5 * 24 + 3]) / 255);
  CHECK(gather(data, Part::validation, {1}).labels == std::vector<std::int64_t>{4});

  const auto refusal = [&](const std::vector<std::int64_t>& some,
                           const std::vector<std::int64_t>& others) {
    return error_of([&] { ImageData(coloured(some, others), {}); });
  };
  CHECK(refusal({7, 2}, {0}) == "no error");
  CHECK_THAT(refusal({7, 10}, {0}), Contains("found row 10, expected rows 0 to 9"));
  CHECK_THAT(refusal({7, 2}, {-1}), Contains("found row -1"));
  CHECK_THAT(refusal({7, 2}, {}), Contains("found no rows"));
}

TEST_CASE("contrast normalisation is done once and gathered", "[data]") {
  const ImageSet set = coloured(10);
  const ImageData global(coloured({7, 2, 5}, {0, 9}),
                         {.preprocessing = Preprocessing::gcn, .limits = {.train = 2}});
  CHECK(global.size(Part::train) == 2);
  CHECK(gather(global, Part::train, {1}).values == contrast_of(set, 2, kCifarContrast));
  CHECK(gather(global, Part::validation, {1}).values == contrast_of(set, 9, kCifarContrast));
  CHECK(gather(global, Part::test, {2}).values == contrast_of(set, 2, kCifarContrast));
  CHECK(gather(global, Part::validation, {1, 0}).labels == std::vector<std::int64_t>{4, 0});
  CHECK(global.mean() == std::vector<float>(24));

  const ImageData local(coloured({7, 2, 5}, {0, 9}), {.preprocessing = Preprocessing::gcn_lcn});
  auto expected = contrast_of(set, 5, kSvhnContrast);
  LocalContrastFilter filter(3, 4, {});
  filter.normalize(std::span(expected).first(12));
  filter.normalize(std::span(expected).last(12));
  CHECK(gather(local, Part::train, {2}).values == expected);

  const ImageData pylearn2(coloured({7, 2, 5}, {0, 9}), {.preprocessing = Preprocessing::gcn_lcn,
                                                         .lcn = LocalContrastRule::pylearn2});
  expected = contrast_of(set, 5, kSvhnContrast);
  LocalContrastFilter first(3, 4, kPylearn2Contrast);
  first.normalize(std::span(expected).first(12));
  CHECK(gather(pylearn2, Part::train, {2}).values == expected);
  std::array<float, 24> out{};
  const std::array<std::int64_t, 1> beyond{3};
  CHECK_THAT(error_of([&] { local.gather(Part::train, beyond, out.data(), nullptr); }),
             Contains("out of range"));
}

TEST_CASE("whitening is fitted on the training part alone and kept", "[data]") {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> rows{7, 2, 5, 1, 8, 3};
  const auto load = [&](const ImageLimits& limits = {}) {
    return ImageData(
        coloured(rows, {0, 9}),
        {.preprocessing = Preprocessing::gcn_zca, .limits = limits, .cache = folder / "cache"});
  };
  const ImageSet set = coloured(10);
  std::vector<float> train;
  for (const std::int64_t row : rows) {
    const auto picture = contrast_of(set, row, kCifarContrast);
    train.insert(train.end(), picture.begin(), picture.end());
  }
  const Whitening fitted = fit_whitening(train.data(), 6, 24, kWhiteningBias);
  const auto expected = [&](std::int64_t row) {
    auto picture = contrast_of(set, row, kCifarContrast);
    whiten(fitted, picture.data(), 1);
    return picture;
  };
  const auto near = [](const std::vector<float>& a, const std::vector<float>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
      return std::abs(x - y) < 1e-4f * (1 + std::abs(y));  // a product of other size sums otherwise
    });
  };
  const auto files = [&] {
    return std::distance(fs::directory_iterator(folder / "cache"), fs::directory_iterator());
  };
  const ImageData data = load();
  CHECK(near(gather(data, Part::train, {2}).values, expected(5)));
  CHECK(near(gather(data, Part::validation, {1}).values, expected(9)));
  CHECK(near(gather(data, Part::test, {1}).values, expected(1)));
  CHECK(files() == 1);
  const ImageData again = load();
  CHECK(gather(again, Part::test, {0}).values == gather(data, Part::test, {0}).values);
  CHECK(files() == 1);
  load({.train = 5});  // another training part is another whitening
  CHECK(files() == 2);
  load({.validation = 1});
  CHECK(files() == 2);
}

TEST_CASE("real MNIST is read", "[data]") {
  const DatasetSpec spec = load_dataset(kRoot / "configs", "mnist");
  const auto paths = real_mnist(spec);
  if (!paths) {
    WARN("skipped: MNIST is not here; run laq data fetch mnist or set LAQ_DATA_MIRROR");
    return;
  }
  const ImageData data = load_images(spec, *paths);
  REQUIRE(data.features() == 784);
  CHECK(data.size(Part::train) == 50000);
  // First labels of the training file, of its last 10000 rows and of the test file.
  CHECK(gather(data, Part::train, {0, 1, 2, 3, 4}).labels ==
        std::vector<std::int64_t>{5, 0, 4, 1, 9});
  CHECK(gather(data, Part::validation, {0, 1, 2}).labels == std::vector<std::int64_t>{3, 8, 6});
  CHECK(gather(data, Part::test, {0, 1, 2, 3}).labels == std::vector<std::int64_t>{7, 2, 1, 0});
  // The training part minus its mean sums to zero.
  double sum = 0;
  double total_mean = 0;
  for (const float value : data.mean()) total_mean += value;
  for (std::int64_t row = 0; row < 50000; ++row) {
    for (const float value : gather(data, Part::train, {row}).values) sum += value;
  }
  CHECK(std::abs(sum / (50000.0 * 784)) < 1e-7);
  CHECK(total_mean / 784 == Approx(0.1307).margin(0.0005));  // the well-known mean of MNIST
}

}  // namespace laq::data
