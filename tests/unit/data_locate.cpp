#include <cstdlib>

#include "data_fixture.hpp"

namespace laq::data {
namespace {

namespace fs = std::filesystem;

/// A small dataset in `data`/small, one file of which a test then spoils.
struct Spoilt {
  SmallDataset set;
  TemporaryFolder folder;
  DataPaths paths{.data_dir = folder / "data"};

  Spoilt() { set.write_to(paths.data_dir / "small"); }

  fs::path place(std::size_t file) const {
    return paths.data_dir / "small" / set.spec.files[file].name;
  }
  /// The error of reading a file that has these bytes on disk.
  std::string error(std::size_t file, const std::string& raw) {
    write(place(file), raw);
    const std::string message =
        error_of([&] { read_checked(set.spec, set.spec.files[file], paths); });
    // Whatever is wrong, the message says which file and what to do next.
    CHECK_THAT(message, Contains(place(file).string()));
    CHECK_THAT(message,
               Contains("run: laq data fetch small --data-dir " + paths.data_dir.string()));
    return message;
  }
};

/// Sets a variable of the environment until the end of the scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value, 1);
  }
  ~Variable() {
    if (old_)
      ::setenv(name_, old_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

}  // namespace

TEST_CASE("files are looked for in the data directory, the mirror and the package", "[data]") {
  SmallDataset set;
  const TemporaryFolder folder;
  DataFile& file = set.spec.files[1];
  const DataPaths paths{.data_dir = folder / "data", .mirror = (folder / "mirror").string()};
  file.package_path = folder / "package" / file.name;
  const std::string unpacked = file.name.substr(0, file.name.size() - 3);
  CHECK_FALSE(locate(set.spec, file, paths));

  // Last first: each one added is preferred to those before it.
  const std::vector<std::pair<fs::path, Source>> places{
      {folder / "package" / unpacked, Source::package},
      {folder / "package" / file.name, Source::package},
      {folder / "mirror" / "small" / unpacked, Source::mirror},
      {folder / "mirror" / "small" / file.name, Source::mirror},
      {folder / "data" / "small" / unpacked, Source::data_dir},
      {folder / "data" / "small" / file.name, Source::data_dir}};
  for (const auto& [path, source] : places) {
    const bool packed = path.extension() == ".gz";
    write(path, packed ? gzip(set.contents[1]) : set.contents[1]);
    const auto found = locate(set.spec, file, paths);
    REQUIRE(found);
    CHECK(found->path == path);
    CHECK(found->source == source);
    const auto content = read_checked(set.spec, file, paths);
    CHECK(std::string(content.begin(), content.end()) == set.contents[1]);
  }
  const DataPaths url{.data_dir = folder / "none", .mirror = "file://" + (folder / "x").string()};
  CHECK(locate(set.spec, file, url)->source == Source::package);
}

TEST_CASE("the environment gives the default paths", "[data]") {
  {
    const Variable data("LAQ_DATA_DIR", "/some/where");
    const Variable mirror("LAQ_DATA_MIRROR", "http://host/x");
    CHECK(paths_from_environment().data_dir == "/some/where");
    CHECK(paths_from_environment().mirror == "http://host/x");
  }
  const Variable data("LAQ_DATA_DIR", "");
  const Variable mirror("LAQ_DATA_MIRROR", "");
  CHECK(paths_from_environment().data_dir == "data");
  CHECK_FALSE(paths_from_environment().mirror);
  CHECK(is_url("https://host/x"));
  CHECK_FALSE(is_url("/folder"));
}

TEST_CASE("a missing file is an error that says how to get it", "[data]") {
  SmallDataset set;
  set.spec.debian_package = "dataset-small";
  const Variable data("LAQ_DATA_DIR", "");
  const std::string message = error_of([&] {
    read_checked(set.spec, set.spec.files[0], {.data_dir = "data", .mirror = "/a/mirror"});
  });
  CHECK_THAT(message, Contains("small/train_images-ubyte.gz: data file is missing"));
  CHECK_THAT(message, Contains("expected it in data/small or /a/mirror/small"));
  CHECK_THAT(message, Contains("run: laq data fetch small, or: apt-get install dataset-small"));
  CHECK_THAT(message, Contains("--mirror DIR"));
}

TEST_CASE("bad files are errors", "[data]") {
  Spoilt bad;
  const std::string& images = bad.set.contents[0];
  const std::string& labels = bad.set.contents[1];

  SECTION("a page of HTML") {
    CHECK_THAT(bad.error(0, "\n<!DOCTYPE HTML><html><body>404"), Contains("is a page of HTML"));
    CHECK_THAT(bad.error(0, "<?xml version=\"1.0\"?><Error/>"), Contains("is a page of HTML"));
  }
  SECTION("a truncated archive") {
    const std::string packed = gzip(images);
    CHECK_THAT(bad.error(0, packed.substr(0, packed.size() - 9)), Contains("is truncated"));
  }
  SECTION("truncated content") {
    CHECK_THAT(bad.error(0, images.substr(0, images.size() - 1)),
               Contains("length does not fit") && Contains("expected 6x2x3"));
    CHECK_THAT(bad.error(0, ""), Contains("too short"));
  }
  SECTION("a wrong hash") {
    std::string other = images;
    other.back() = static_cast<char>(other.back() ^ 1);
    CHECK_THAT(bad.error(0, gzip(other)),
               Contains("wrong SHA-256: found " + sha256(other) + ", expected " + sha256(images)));
  }
  SECTION("a hash that was never confirmed says so") {
    bad.set.spec.files[0].sha256 = std::string(64, '0');
    bad.set.spec.files[0].hash_checked = false;
    CHECK_THAT(bad.error(0, gzip(images)), Contains("never compared with the real file"));
  }
  SECTION("a wrong magic number") {
    CHECK_THAT(bad.error(0, gzip(labels)), Contains("magic number: found 0x00000801"));
    CHECK_THAT(bad.error(1, idx(0x802, {6}, "abcdef")), Contains("found 0x00000802"));
  }
  SECTION("a wrong count") {
    CHECK_THAT(bad.error(0, idx(0x803, {5, 2, 3}, std::string(30, 'x'))),
               Contains("wrong number of images: found 5, expected 6"));
    CHECK_THAT(bad.error(1, idx(0x801, {5}, std::string(5, '\0'))),
               Contains("wrong number of labels: found 5, expected 6"));
    CHECK_THAT(bad.error(3, idx(0x801, {2}, std::string(2, '\0'))), Contains("expected 3"));
  }
  SECTION("a label out of range, even with the right hash") {
    bad.set.publish(1, idx(0x801, {6}, std::string("\0\1\2\3\1\2", 6)));
    CHECK_THAT(bad.error(1, gzip(bad.set.contents[1])),
               Contains("label 3 is out of range: found 3, expected 0 to 2"));
  }
  SECTION("a file far too long is not read") {
    CHECK_THAT(bad.error(0, std::string(1'000'000, 'x')), Contains("file is too long"));
    CHECK_THAT(bad.error(0, gzip(std::string(1'000'000, 'x'))), Contains("content is too long"));
  }
  SECTION("a folder in the place of a file") {
    fs::remove(bad.place(0));
    make_folder(bad.place(0));
    CHECK_THAT(error_of([&] { read_checked(bad.set.spec, bad.set.spec.files[0], bad.paths); }),
               Contains("is a folder"));
  }
}

TEST_CASE("a bad file in a mirror or package says where to mend it", "[data]") {
  SmallDataset set;
  const TemporaryFolder folder;
  set.spec.debian_package = "dataset-small";
  DataFile& file = set.spec.files[1];
  file.package_path = folder / "package" / file.name;
  write(file.package_path, "garbage");
  DataPaths paths{.data_dir = folder / "data"};
  CHECK_THAT(error_of([&] { read_checked(set.spec, file, paths); }),
             Contains("apt-get install --reinstall dataset-small"));
  paths.mirror = (folder / "mirror").string();
  write(folder / "mirror" / "small" / file.name, "garbage");
  CHECK_THAT(error_of([&] { read_checked(set.spec, file, paths); }),
             Contains("replace it in the mirror"));
}

}  // namespace laq::data
