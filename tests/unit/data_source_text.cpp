#include <archive.h>
#include <archive_entry.h>

#include "data/fetch.hpp"
#include "data/source_text.hpp"
#include "data_fixture.hpp"

namespace laq::data {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

void write_archive(const std::filesystem::path& path, const Files& files) {
  make_folder(path.parent_path());
  archive* out = archive_write_new();
  archive_write_add_filter_xz(out);
  archive_write_set_format_pax_restricted(out);
  REQUIRE(archive_write_open_filename(out, path.c_str()) == ARCHIVE_OK);
  for (const auto& [name, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    REQUIRE(archive_write_header(out, entry) == ARCHIVE_OK);
    REQUIRE(archive_write_data(out, content.data(), content.size()) ==
            static_cast<la_ssize_t>(content.size()));
    archive_entry_free(entry);
  }
  REQUIRE(archive_write_close(out) == ARCHIVE_OK);
  archive_write_free(out);
}

const Files kSources = {
    {"linux-9/mm/z.c", "mm z\n"},           {"linux-9/kernel/b.c", "kernel b\n"},
    {"linux-9/kernel/a.h", "a header\n"},   {"linux-9/kernel/sub/c.c", "kernel sub c\n"},
    {"linux-9/kernel/a.c", "kernel\ta\n"},  {"linux-9/kernel/n.c", "na\xc3\xafve\n"},
    {"linux-9/kernels/x.c", "elsewhere\n"}, {"linux-9/mm/empty.c", ""},
    {"kernel/top.c", "no top folder\n"}};
const std::string kText = "kernel\ta\nkernel b\nkernel sub c\nmm z\n";

}  // namespace

TEST_CASE("a text is cut from sources in a fixed order", "[data]") {
  const TemporaryFolder folder;
  const auto path = folder / "linux-9.tar.xz";
  write_archive(path, kSources);
  const auto length = static_cast<std::int64_t>(kText.size());
  CHECK(source_text({path, {"kernel", "mm"}, length}) == kText);
  CHECK(source_text({path, {"kernel", "mm"}, 12}) == kText.substr(0, 12));
  CHECK(source_text({path, {"mm", "kernel"}, 8}) == "mm z\nker");
  Files turned(kSources.rbegin(), kSources.rend());
  write_archive(path, turned);
  CHECK(source_text({path, {"kernel", "mm"}, length}) == kText);
  CHECK_THAT(error_of([&] {
               source_text({path, {"kernel", "mm"}, length + 1});
             }),
             Contains("too little text") && Contains(std::to_string(length) + " characters"));
}

TEST_CASE("bad archives of sources are refused", "[data]") {
  const TemporaryFolder folder;
  const auto path = folder / "linux-9.tar.xz";
  CHECK_THAT(error_of([&] { source_text({path, {"kernel"}, 1}); }), Contains("linux-9.tar.xz"));
  write(path, "<html>not an archive, but long enough to look at it closely</html>");
  CHECK_THAT(error_of([&] {
               source_text({path, {"kernel"}, 1});
             }),
             Contains("truncated or damaged"));
  write_archive(path, kSources);
  const std::string whole = read_file(path);
  write(path, whole.substr(0, whole.size() / 2));
  CHECK_THAT(error_of([&] {
               source_text({path, {"kernel"}, 1});
             }),
             Contains("truncated or damaged"));
}

TEST_CASE("fetch makes a text that nobody publishes", "[data]") {
  const TemporaryFolder folder;
  const auto path = folder / "linux-9.tar.xz";
  const std::string yaml =
      "title: T\nkind: text\nvocabulary: 16\nsplits: {train: 80, validation: 10, test: 10}\n"
      "debian: {package: linux-source-9, folder: /nowhere}\ncut_from: {archive: " +
      path.string() + ", folders: [kernel, mm]}\nfiles:\n  - {role: text, name: t.txt, bytes: " +
      std::to_string(kText.size()) + ", sha256: " + sha256(kText) + ", hash_checked: true}\n";
  const DatasetSpec spec = parse_dataset(config::parse_yaml(yaml, "t.yaml"), "t");
  const DataPaths paths{folder / "data"};
  CHECK_THAT(error_of([&] { fetch(spec, paths); }), Contains("linux-9.tar.xz: no such file") &&
                                                        Contains("apt-get install linux-source-9"));
  write_archive(path, kSources);
  fetch(spec, paths, {.offline = true});
  CHECK(read_file(folder / "data/t/t.txt") == kText);
  Files changed = kSources;
  changed[1].second = "KERNEL b\n";
  write_archive(path, changed);
  std::filesystem::remove(folder / "data/t/t.txt");
  CHECK_THAT(error_of([&] { fetch(spec, paths); }), Contains("wrong SHA-256"));
  CHECK_FALSE(std::filesystem::exists(folder / "data/t/t.txt"));
}

}  // namespace laq::data
