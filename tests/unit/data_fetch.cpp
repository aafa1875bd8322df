#include "data/fetch.hpp"
#include "data_fixture.hpp"

namespace laq::data {
namespace {

namespace fs = std::filesystem;

/// A small dataset, an empty data directory, and the lines that `fetch` reports.
struct Fetching {
  SmallDataset set;
  TemporaryFolder folder;
  DataPaths paths{.data_dir = folder / "data"};
  FetchOptions options;
  std::vector<std::string> lines;

  Fetching() {
    options.report = [this](const std::string& line) { lines.push_back(line); };
  }
  void run() { fetch(set.spec, paths, options); }
  fs::path place(std::size_t file) const {
    return paths.data_dir / "small" / set.spec.files[file].name;
  }
  void check_all_good() {
    for (const auto& file : set.spec.files) {
      const auto found = locate(set.spec, file, {.data_dir = paths.data_dir});
      REQUIRE(found);
      CHECK(error_of([&] { read_checked(set.spec, file, paths); }) == "no error");
    }
  }
  void forbid_urls() {
    options.read_url = [](const std::string& url, std::size_t) -> std::string {
      FAIL("asked for " << url);
      return "";
    };
  }
};

}  // namespace

TEST_CASE("fetch copies from a folder and touches no URL for it", "[data]") {
  Fetching job;
  job.forbid_urls();
  job.set.write_to(job.folder / "mirror" / "small");
  job.paths.mirror = (job.folder / "mirror").string();
  for (auto& file : job.set.spec.files) file.urls = {"http://localhost:1/" + file.name};
  job.run();
  job.check_all_good();
  CHECK(read_file(job.place(0)) == gzip(job.set.contents[0]));
  CHECK_THAT(job.lines.at(0), Contains("small/train_images-ubyte.gz: from ") && Contains("mirror"));

  job.lines.clear();
  job.paths.mirror.reset();
  job.run();  // nothing is left to do, so nothing is asked for
  CHECK_THAT(job.lines.at(3), Contains("already there"));
}

TEST_CASE("fetch reads a mirror behind a file URL", "[data]") {
  Fetching job;
  job.set.write_to(job.folder / "mirror" / "small");
  job.paths.mirror = "file://" + (job.folder / "mirror").string();
  job.run();
  job.check_all_good();
}

TEST_CASE("fetch copies from the Debian package's folder", "[data]") {
  Fetching job;
  job.forbid_urls();
  job.set.write_to(job.folder / "package");
  for (auto& file : job.set.spec.files) file.package_path = job.folder / "package" / file.name;
  job.run();
  job.check_all_good();
}

TEST_CASE("fetch tries the published URLs one after the other", "[data]") {
  Fetching job;
  std::vector<std::string> asked;
  for (auto& file : job.set.spec.files) {
    file.urls = {"http://first/" + file.name, "http://second/" + file.name};
  }
  job.options.read_url = [&](const std::string& url, std::size_t) -> std::string {
    asked.push_back(url);
    if (url.starts_with("http://first/")) return "<html>moved</html>";
    for (std::size_t i = 0; i < 4; ++i) {
      // This server unpacks on the way.
      if (url.ends_with(job.set.spec.files[i].name)) return job.set.contents[i];
    }
    throw Error({.what = "404", .where = url});
  };
  job.run();
  job.check_all_good();
  CHECK(asked.size() == 8);
  CHECK(fs::exists(job.paths.data_dir / "small" / "train_images-ubyte"));
}

TEST_CASE("fetch replaces a bad file by a good one", "[data]") {
  Fetching job;
  job.set.write_to(job.paths.data_dir / "small");
  write(job.place(0), gzip("something else"));
  write(job.folder / "mirror" / "small" / "train_images-ubyte", job.set.contents[0]);
  job.paths.mirror = (job.folder / "mirror").string();
  job.run();
  job.check_all_good();
  CHECK_FALSE(fs::exists(job.place(0)));  // the good one came unpacked
  CHECK_THAT(job.lines.at(1), Contains("already there"));
}

TEST_CASE("fetch without a good source lists every reason and leaves no file", "[data]") {
  Fetching job;
  job.set.spec.debian_package = "dataset-small";
  write(job.folder / "mirror" / "small" / job.set.spec.files[0].name, "<html></html>");
  job.paths.mirror = (job.folder / "mirror").string();
  job.set.spec.files[0].package_path = job.folder / "package" / job.set.spec.files[0].name;
  job.set.spec.files[0].urls = {"file://" + (job.folder / "absent").string()};
  const std::string message = error_of([&] { job.run(); });
  CHECK_THAT(message, Contains("small/train_images-ubyte.gz: cannot get the file"));
  CHECK_THAT(message, Contains("is a page of HTML"));
  CHECK_THAT(message, Contains("package/train_images-ubyte.gz: no such file"));
  CHECK_THAT(message, Contains("absent: download failed"));
  CHECK_THAT(message, Contains("apt-get install dataset-small") && Contains("--mirror DIR"));
  CHECK(fs::is_empty(job.paths.data_dir / "small"));
}

TEST_CASE("offline asks for no URL", "[data]") {
  Fetching job;
  job.forbid_urls();
  job.options.offline = true;
  job.paths.mirror = "file://" + (job.folder / "mirror").string();
  for (auto& file : job.set.spec.files) file.urls = {"http://localhost:1/" + file.name};
  CHECK_THAT(error_of([&] { job.run(); }),
             Contains("URLs not tried (offline)") && Contains("run again without --offline"));
  job.set.write_to(job.folder / "mirror" / "small");
  job.paths.mirror = (job.folder / "mirror").string();
  job.run();
  job.check_all_good();
}

TEST_CASE("fetch into a place that cannot be a folder is an error", "[data]") {
  Fetching job;
  write(job.paths.data_dir, "a file");
  CHECK_THAT(error_of([&] { job.run(); }), Contains(job.paths.data_dir.string()));
}

TEST_CASE("downloads are bounded and say what failed", "[data]") {
  const TemporaryFolder folder;
  write(folder / "ten", "0123456789");
  const std::string url = "file://" + (folder / "ten").string();
  CHECK(download(url, 10) == "0123456789");
  CHECK_THAT(error_of([&] { download(url, 9); }), Contains(url + ": content is too long"));
  CHECK_THAT(error_of([] { download("http://127.0.0.1:1/x", 9); }),
             Contains("http://127.0.0.1:1/x: download failed: "));
  CHECK_THAT(error_of([] { download("ftp://127.0.0.1/x", 9); }), Contains("download failed"));
}

}  // namespace laq::data
