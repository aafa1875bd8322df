#include <algorithm>
#include <array>
#include <cmath>

#include "data/image_set.hpp"
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
