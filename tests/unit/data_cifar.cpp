#include <algorithm>

#include "data/cifar.hpp"
#include "data/fetch.hpp"
#include "data_pictures_fixture.hpp"

namespace laq::data {
namespace {

namespace fs = std::filesystem;
using test::Members;
using test::tar_gz;

/// One record: labels, then planes that begin with 100, 110, 120 and add the place in the row.
std::string record(const std::string& labels, int number) {
  std::string bytes = labels;
  for (int channel = 0; channel < 3; ++channel) {
    for (int pixel = 0; pixel < 1024; ++pixel) {
      bytes += static_cast<char>(100 + 10 * channel + pixel % 32 + number);
    }
  }
  return bytes;
}

std::string label(int value) {
  return {static_cast<char>(value)};
}

/// Five batches of two pictures with labels 0 … 9, and three for testing with 9, 8, 7.
Members batches() {
  const std::string folder = "cifar-10-batches-bin/";
  Members members{{folder + "batches.meta.txt", "airplane\n"}};
  members.emplace_back(folder + "test_batch.bin",
                       record(label(9), 0) + record(label(8), 1) + record(label(7), 2));
  for (int batch = 5; batch >= 1; --batch) {  // the archive's order is not that of the rows
    members.emplace_back(
        folder + "data_batch_" + std::to_string(batch) + ".bin",
        record(label(2 * batch - 2), 2 * batch) + record(label(2 * batch - 1), 2 * batch + 1));
  }
  return members;
}

struct Cifar10 : PictureDataset {
  Cifar10() : PictureDataset(Kind::cifar, 10, {3, 32, 32}, {7, 3, 3}) { publish(batches()); }

  void publish(const Members& members) {
    PictureDataset::publish("archive", "small.tar.gz", tar_gz(members));
    spec.files[0].unpacked = "cifar-10-batches-bin";
  }
  /// The error when one file of the archive has other content.
  std::string error_with(const std::string& name, const std::string& content) {
    Members members = batches();
    for (auto& member : members) {
      if (member.first.ends_with("/" + name)) member.second = content;
    }
    publish(members);
    return error();
  }
  void unpack() {
    fs::remove(place("small.tar.gz"));
    for (const auto& [path, content] : batches()) write(place(path), content);
  }
};

void check_content(const LoadedImages& images) {
  CHECK(images.training.labels == std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(images.test.labels == std::vector<std::uint8_t>{9, 8, 7});
  REQUIRE(images.training.pixels.size() == 10 * 3072);
  CHECK(images.training.pixels[0] == 102);                // picture 0, batch 1
  CHECK(images.training.pixels[9 * 3072 + 1024] == 121);  // picture 9, green
  CHECK(images.test.pixels[2 * 3072 + 2 * 1024 + 32 + 5] == 127);
  CHECK(images.train_rows == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(images.validation_rows == std::vector<std::int64_t>{7, 8, 9});
}

}  // namespace

TEST_CASE("CIFAR-10 is read from its archive and from the folder in it", "[data]") {
  Cifar10 set;
  check_content(set.read());
  set.unpack();
  check_content(set.read());
}

TEST_CASE("CIFAR-100 has its fine labels", "[data]") {
  PictureDataset set(Kind::cifar, 100, {3, 32, 32}, {1, 1, 1});
  const std::string test = record(label(3) + label(55), 2);
  set.publish("archive", "small.tar.gz",
              tar_gz({{"cifar-100-binary/train.bin",
                       record(label(19) + label(99), 0) + record(label(4) + label(0), 1)},
                      {"cifar-100-binary/test.bin", test}}));
  const LoadedImages images = set.read();
  CHECK(images.training.labels == std::vector<std::uint8_t>{99, 0});
  CHECK(images.test.labels == std::vector<std::uint8_t>{55});
  CHECK(images.test.pixels[0] == 102);
  set.publish("archive", "small.tar.gz",
              tar_gz({{"cifar-100-binary/train.bin", record(label(1) + label(100), 0)},
                      {"cifar-100-binary/test.bin", test}}));
  CHECK_THAT(set.error(), Contains("train.bin: label of record 0 is out of range: found 100"));
}

TEST_CASE("bad CIFAR archives are errors", "[data]") {
  Cifar10 set;
  const std::string good = read_file(set.place("small.tar.gz"));
  const std::string path = set.place("small.tar.gz").string();

  SECTION("truncated") {
    write(path, good.substr(0, good.size() - 9));
    CHECK_THAT(set.error(), Contains(path + ": file is truncated") && Contains("data fetch small"));
  }
  SECTION("truncated and with a hash that fits") {
    set.PictureDataset::publish("archive", "small.tar.gz", good.substr(0, good.size() / 2));
    CHECK_THAT(set.error(), Contains(path) && Contains("archive is truncated or damaged"));
  }
  SECTION("no archive at all") {
    set.PictureDataset::publish("archive", "small.tar.gz", std::string(2000, 'x'));
    CHECK_THAT(set.error(), Contains("archive is truncated or damaged"));
  }
  SECTION("another hash") {
    std::string other = good;
    other[other.size() / 2] = static_cast<char>(other[other.size() / 2] ^ 1);
    write(path, other);
    CHECK_THAT(set.error(), Contains("wrong SHA-256: found " + sha256(other)));
    set.spec.files[0].hash_checked = false;
    CHECK_THAT(set.error(), Contains("never compared with the real file"));
  }
  SECTION("a page of HTML") {
    write(path, "<html>gone</html>");
    CHECK_THAT(set.error(), Contains("is a page of HTML"));
  }
  SECTION("not whole records") {
    CHECK_THAT(set.error_with("data_batch_3.bin", record(label(1), 0) + "x"),
               Contains("data_batch_3.bin: length is not that of whole CIFAR records: found 3074 "
                        "bytes, expected a multiple of 3073"));
    CHECK_THAT(set.error_with("test_batch.bin", ""), Contains("found 0 bytes"));
  }
  SECTION("a label of 10") {
    CHECK_THAT(
        set.error_with("data_batch_2.bin", record(label(9), 0) + record(label(10), 0)),
        Contains("data_batch_2.bin: label of record 1 is out of range: found 10, expected 0 to 9"));
  }
  SECTION("another number of pictures") {
    CHECK_THAT(set.error_with("data_batch_1.bin", record(label(0), 0)),
               Contains("wrong number of training pictures: found 9, expected 10"));
    CHECK_THAT(set.error_with("test_batch.bin", record(label(0), 0)),
               Contains("wrong number of test pictures: found 1, expected 3"));
  }
  SECTION("a batch is missing") {
    Members members = batches();
    std::erase_if(members, [](const auto& one) { return one.first.ends_with("_4.bin"); });
    set.publish(members);
    CHECK_THAT(set.error(), Contains("expected cifar-10-batches-bin/data_batch_4.bin"));
  }
  SECTION("in the unpacked folder") {
    set.unpack();
    write(set.place("cifar-10-batches-bin/data_batch_5.bin"), record(label(10), 0));
    CHECK_THAT(set.error(), Contains("data_batch_5.bin: label of record 0 is out of range"));
    fs::remove(set.place("cifar-10-batches-bin/data_batch_5.bin"));
    CHECK_THAT(set.error(), Contains("a file is missing in it"));
  }
}

TEST_CASE("an archive is fetched as published and an unpacked one is left in place", "[data]") {
  Cifar10 set;
  const std::string good = read_file(set.place("small.tar.gz"));
  set.paths.mirror = (set.folder / "mirror").string();
  std::vector<std::string> lines;
  FetchOptions options;
  options.report = [&](const std::string& line) { lines.push_back(line); };

  write(set.folder / "mirror" / "small" / "small.tar.gz", good);
  write(set.place("small.tar.gz"), "bad");
  fetch(set.spec, set.paths, options);
  CHECK(read_file(set.place("small.tar.gz")) == good);
  fetch(set.spec, set.paths, options);
  CHECK_THAT(lines.back(), Contains("already there"));

  set.unpack();
  fs::remove_all(set.folder / "mirror");
  fetch(set.spec, set.paths, options);
  CHECK_THAT(lines.back(), Contains("already there"));
  fs::rename(set.paths.data_dir, set.folder / "mirror");
  fetch(set.spec, set.paths, options);
  CHECK_THAT(lines.back(), Contains("stays where it is, ") && Contains("cifar-10-batches-bin"));
  check_content(set.read());

  write(set.folder / "mirror" / "small" / "small.tar.gz", good.substr(1));
  fs::remove_all(set.folder / "mirror" / "small" / "cifar-10-batches-bin");
  CHECK_THAT(error_of([&] { fetch(set.spec, set.paths, options); }),
             Contains("file is truncated") && Contains("cannot get the file"));
}

}  // namespace laq::data
