#include <algorithm>
#include <set>

#include "core/threads.hpp"
#include "data/image_folder.hpp"
#include "data/picture_cache.hpp"
#include "data_pictures_fixture.hpp"

namespace laq::data {
namespace {

namespace fs = std::filesystem;
using test::Colour;
using test::grey_jpeg;
using test::jpeg;
using test::Members;
using test::png;
using test::tar_gz;

constexpr Colour kRed{250, 20, 40}, kBlue{10, 30, 200};

/// Classes "cat" and "dog" of 2 × 3 pictures: two and three for training, one each for testing.
Members pictures() {
  return {{"README", "pictures"},
          {"train/dog/b.jpg", jpeg(2, 3, kBlue)},
          {"train/dog/a.png", png(2, 3, kBlue)},
          {"train/dog/c.jpeg", jpeg(2, 3, kBlue)},
          {"test/dog/1.png", png(2, 3, kBlue)},
          {"train/cat/2.jpg", jpeg(2, 3, kRed)},
          {"train/cat/1.jpg", grey_jpeg(2, 3, 90)},
          {"train/cat/.DS_Store", "hidden"},
          {"test/cat/1.jpg", jpeg(2, 3, kRed)}};
}

struct Folder : PictureDataset {
  Folder() : PictureDataset(Kind::image_folder, 2, {3, 2, 3}, {3, 2, 2, {1}}) { pack(pictures()); }

  void pack(const Members& members) { publish("pictures", "small.tar.gz", tar_gz(members)); }
  /// The same pictures as a folder, published as such.
  void unpack(const Members& members) {
    std::vector<PictureFile> files;
    for (const auto& [path, content] : members) {
      write(place("own/" + path), content);
      if (!path.starts_with("t") || path.find("/.") != std::string::npos) continue;
      files.push_back({path, {content.begin(), content.end()}});
    }
    std::sort(files.begin(), files.end(), [](auto& a, auto& b) { return a.path < b.path; });
    const FolderIdentity identity = folder_identity(files);
    DataFile& file = spec.files[0];
    file.name = "own";
    file.sha256 = identity.sha256;
    file.bytes = identity.bytes;
  }
  /// The error when the pictures are these and one more.
  std::string error_with(const std::string& path, const std::string& content) {
    Members members = pictures();
    std::erase_if(members, [&](const auto& one) { return one.first == path; });
    members.emplace_back(path, content);
    pack(members);
    return error();
  }
  fs::path cache() const { return cache_path(spec, spec.files[0], paths); }
};

void check_pixel(const ImageSet& set, std::size_t picture, std::size_t pixel, Colour colour,
                 int tolerance) {
  const std::uint8_t* planes = set.pixels.data() + picture * 18;
  CHECK(std::abs(planes[pixel] - colour.red) <= tolerance);
  CHECK(std::abs(planes[6 + pixel] - colour.green) <= tolerance);
  CHECK(std::abs(planes[12 + pixel] - colour.blue) <= tolerance);
}

void check_content(const LoadedImages& images) {
  CHECK(images.training.labels == std::vector<std::uint8_t>{0, 0, 1, 1, 1});
  CHECK(images.test.labels == std::vector<std::uint8_t>{0, 1});
  check_pixel(images.training, 0, 5, {90, 90, 90}, 1);  // grey becomes colour
  check_pixel(images.training, 1, 0, kRed, 3);
  check_pixel(images.training, 2, 4, kBlue, 0);  // PNG is exact
  check_pixel(images.training, 2, 3, {0, 0, 0}, 0);
  check_pixel(images.training, 4, 2, kBlue, 3);
  check_pixel(images.test, 1, 1, kBlue, 0);
  CHECK(images.train_rows.size() == 3);
  REQUIRE(images.validation_rows.size() == 2);  // one of each class
  CHECK(std::min(images.validation_rows[0], images.validation_rows[1]) < 2);
  CHECK(std::max(images.validation_rows[0], images.validation_rows[1]) >= 2);
}

}  // namespace

TEST_CASE("pictures are read from an archive and from a folder", "[data]") {
  Folder set;
  check_content(set.read());
  set.unpack(pictures());
  check_content(set.read());
  CHECK(error_of([&] { check_file(set.spec, set.spec.files[0], set.place("own")); }) == "no error");
  write(set.place("own/train/dog/a.png"), png(2, 3, kRed));
  CHECK_THAT(error_of([&] { check_file(set.spec, set.spec.files[0], set.place("own")); }),
             Contains("own: folder holds other pictures than the dataset says: found bytes: ") &&
                 Contains("expected bytes: " + std::to_string(set.spec.files[0].bytes) +
                          ", sha256: " + set.spec.files[0].sha256));
}

TEST_CASE("colours become grey where the dataset has one channel", "[data]") {
  Folder set;
  set.spec.shape = {1, 2, 3};
  const LoadedImages images = set.read();
  CHECK(images.training.pixels[0] == Approx(90).margin(1));
  // Rec. 601's weights, which JPEG uses.
  CHECK(images.training.pixels[6] == Approx(0.299 * 250 + 0.587 * 20 + 0.114 * 40).margin(2));
}

TEST_CASE("decoded pictures are kept by content and decoded anew when damaged", "[data]") {
  Folder set;
  const LoadedImages first = set.read();
  REQUIRE(fs::exists(set.cache()));
  const std::string whole = read_file(set.cache());
  const LoadedImages second = set.read();
  CHECK(second.training.pixels == first.training.pixels);
  CHECK(second.training.labels == first.training.labels);
  CHECK(second.test.pixels == first.test.pixels);
  CHECK(second.train_rows == first.train_rows);
  DecodedPictures marked{first.training, first.test};  // nothing is decoded again
  marked.training.pixels[0] ^= 1;
  write_cache(set.spec.files[0], marked, set.cache());
  CHECK(set.read().training.pixels == marked.training.pixels);

  std::string flipped = whole;
  flipped[whole.size() - 3] = static_cast<char>(flipped[whole.size() - 3] ^ 1);
  for (const std::string& bad :
       {flipped, whole.substr(0, whole.size() - 1), std::string("{}\n"), std::string("x"),
        std::string("{\"sha256\": 1}\n"), std::string()}) {
    write(set.cache(), bad);
    check_content(set.read());
    CHECK(read_file(set.cache()) == whole);  // mended
  }

  Members others = pictures();
  others[2].second = png(2, 3, kRed);
  set.pack(others);
  CHECK_FALSE(fs::exists(set.cache()));  // another content has another name
  check_pixel(set.read().training, 2, 4, kRed, 0);
}

TEST_CASE("pictures that changed after they were decoded are noticed", "[data]") {
  Folder set;
  set.read();
  const fs::path archive = set.place("small.tar.gz");
  std::string packed = read_file(archive);
  packed[packed.size() / 2] ^= 1;
  write(archive, packed);
  REQUIRE(fs::exists(set.cache()));
  CHECK_THAT(set.error(), Contains("small.tar.gz: wrong SHA-256") && Contains("small.yaml"));

  set.unpack(pictures());
  set.read();
  REQUIRE(fs::exists(set.cache()));
  const fs::path picture = set.place("own/train/dog/a.png");
  const std::string good = read_file(picture);
  for (const bool replaced : {true, false}) {
    if (replaced)
      write(picture, png(2, 3, kRed));
    else
      fs::remove(picture);
    CHECK_THAT(set.error(), Contains("own: folder holds other pictures than the dataset says"));
    write(picture, good);
    check_content(set.read());
  }
}

TEST_CASE("pictures are read where nothing can be kept", "[data]") {
  Folder set;
  set.paths = {.data_dir = set.folder / "a file", .mirror = (set.folder / "data").string()};
  write(set.paths.data_dir, "in the way");
  check_content(set.read());
}

TEST_CASE("bad pictures are errors that name them", "[data]") {
  Folder set;
  const std::string path = set.place("small.tar.gz").string();
  const std::string good = jpeg(2, 3, kRed);
  const std::string good_png = png(2, 3, kRed);

  SECTION("another size") {
    CHECK_THAT(set.error_with("train/cat/2.jpg", jpeg(3, 2, kRed)),
               Contains(path + ": train/cat/2.jpg: picture has another size") &&
                   Contains("found 3 x 2, expected 2 x 3") && Contains("small.yaml"));
    CHECK_THAT(set.error_with("test/dog/1.png", png(2, 4, kRed)),
               Contains("test/dog/1.png: picture has another size"));
  }
  SECTION("a corrupt JPEG") {
    const std::string entropy = good.substr(0, good.size() - 6);
    for (const std::string& bad : {entropy, good.substr(0, 30), good.substr(0, 3)}) {
      CHECK_THAT(set.error_with("train/cat/2.jpg", bad),
                 Contains("train/cat/2.jpg: JPEG is corrupt ("));
    }
  }
  SECTION("a corrupt PNG") {
    std::string flipped = good_png;
    flipped[flipped.size() - 20] = static_cast<char>(flipped[flipped.size() - 20] ^ 1);
    for (const std::string& bad :
         {good_png.substr(0, good_png.size() - 20), flipped, good_png.substr(0, 8)}) {
      CHECK_THAT(set.error_with("train/cat/2.jpg", bad),
                 Contains("train/cat/2.jpg: PNG is corrupt ("));
    }
  }
  SECTION("no picture") {
    for (const std::string& bad : {std::string("GIF89a"), std::string(), std::string("\xff\xd8")}) {
      CHECK_THAT(set.error_with("train/cat/3.gif", bad), Contains("wrong number of pictures"));
      CHECK_THAT(set.error_with("train/cat/2.jpg", bad),
                 Contains("train/cat/2.jpg: is neither a JPEG nor a PNG"));
    }
  }
  SECTION("transparency") {
    CHECK_THAT(set.error_with("train/cat/2.jpg", png(2, 3, kRed, true)),
               Contains("PNG has transparency"));
  }
  SECTION("the first of several is told, whatever the threads") {
    Members members = pictures();
    for (auto& [name, content] : members) {
      if (name.starts_with("train/dog")) content = "bad";
    }
    set.pack(members);
    for (const int threads : {1, 2, 4}) {
      const WithThreads scope(threads);
      CHECK_THAT(set.error(), Contains("train/dog/a.png: is neither"));
    }
  }
}

TEST_CASE("folders that are no dataset are errors", "[data]") {
  Folder set;
  const std::string good = png(2, 3, kRed);
  CHECK_THAT(set.error_with("test/emu/1.png", good),
             Contains("class 'emu' is only in the test part: expected one of cat, dog"));
  CHECK_THAT(set.error_with("train/emu/1.png", good),
             Contains("wrong number of classes (folders below train/): found 3, expected 2"));
  CHECK_THAT(set.error_with("train/1.png", good),
             Contains("train/1.png: picture is not in the folder of a class"));
  CHECK_THAT(set.error_with("test/cat/more/1.png", good),
             Contains("test/cat/more/1.png: picture is not in the folder of a class"));
  CHECK_THAT(set.error_with("train/cat/3.png", good),
             Contains("wrong number of pictures below train/: found 6, expected 5"));
  CHECK_THAT(set.error_with("test/cat/3.png", good), Contains("pictures below test/: found 3"));
  Members twice = pictures();
  twice.push_back(twice[1]);
  set.pack(twice);
  CHECK_THAT(set.error(), Contains("train/dog/b.jpg: picture is there twice"));
  set.pack({{"README", "nothing"}});
  CHECK_THAT(set.error(), Contains("folders below train/): found 0"));
  set.pack(pictures());
  const std::string packed = read_file(set.place("small.tar.gz"));
  write(set.place("small.tar.gz"), packed.substr(0, packed.size() - 1));
  CHECK_THAT(set.error(), Contains("file is truncated"));
  set.spec.splits = {.train = 1, .validation = 4, .test = 2, .validation_per_class = {2}};
  set.pack(pictures());
  CHECK(set.error() == "no error");
  set.spec.splits.validation_per_class = {3};
  CHECK_THAT(set.error(), Contains("class 0 has too few pictures for validation: found 2"));
}

TEST_CASE("the real CIFAR-10 (JPEG) is read", "[data]") {
  const fs::path root = fs::path(__FILE__).parent_path() / "../..";
  const DatasetSpec spec = load_dataset(root / "configs", "cifar10_jpeg");
  CHECK(spec.title == "CIFAR-10 (JPEG)");
  CHECK_FALSE(spec.paper_column);
  const TemporaryFolder data;
  DataPaths paths = paths_from_environment();
  if (!paths.mirror) paths.mirror = (root / "../shared/data").string();
  if (!locate(spec, spec.files[0], paths)) {
    WARN("skipped: CIFAR-10 (JPEG) is not here; set LAQ_DATA_MIRROR");
    return;
  }
  if (locate(spec, spec.files[0], paths)->source == Source::mirror) paths.data_dir = data / "";
  const LoadedImages images = read_images(spec, paths);
  std::vector<std::int64_t> in_file(10), in_validation(10), in_test(10);
  for (const auto label : images.training.labels) ++in_file[label];
  for (const auto label : images.test.labels) ++in_test[label];
  for (const auto row : images.validation_rows) {
    ++in_validation[images.training.labels[static_cast<std::size_t>(row)]];
  }
  CHECK(in_file == std::vector<std::int64_t>(10, 5000));
  CHECK(in_test == std::vector<std::int64_t>(10, 1000));
  CHECK(in_validation == std::vector<std::int64_t>(10, 500));
  // The first rows of either part already have every class.
  for (const auto* rows : {&images.train_rows, &images.validation_rows}) {
    std::set<std::uint8_t> classes;
    for (std::size_t i = 0; i < 100; ++i) {
      classes.insert(images.training.labels[static_cast<std::size_t>((*rows)[i])]);
    }
    CHECK(classes.size() == 10);
  }
  // CIFAR-10's well-known means of red, green and blue, which JPEG keeps.
  const std::vector<double> known{0.4914, 0.4822, 0.4465};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    double sum = 0;
    for (std::size_t row = 0; row < 50000; ++row) {
      const auto* plane = images.training.pixels.data() + (3 * row + channel) * 1024;
      for (std::size_t pixel = 0; pixel < 1024; ++pixel) sum += plane[pixel];
    }
    CHECK(sum / (255.0 * 1024 * 50000) == Approx(known[channel]).margin(0.002));
  }
}

}  // namespace laq::data
