#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "core/files.hpp"
#include "record/hdf5.hpp"
#include "record/run_record.hpp"
#include "record_support.hpp"

using namespace laq;
using namespace laq::record;
using namespace laq::record::test;

namespace {

/// Exit status and standard output of a command.
std::pair<int, std::string> shell(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return {-1, ""};
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  return {::pclose(pipe), output};
}

void store(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace

TEST_CASE("a record can be without its steps") {
  const Folder folder;
  History history = sample_history();
  write_run_record(folder / "run.h5", {}, history, /*steps=*/false);
  history.steps = {};
  CHECK(same(read_run_record(folder / "run.h5").history, history));
}

TEST_CASE("a run record comes back bit for bit") {
  const Folder folder;
  const auto file = folder / "run.h5";
  const Provenance provenance = sample_provenance();
  write_run_record(file, provenance, sample_history());
  const RunRecord record = read_run_record(file);
  CHECK(record.provenance == provenance);
  CHECK(same(record.history, sample_history()));

  write_run_record(file, {}, {});  // replaces the larger one
  const RunRecord empty = read_run_record(file);
  CHECK(empty.provenance == Provenance());
  CHECK(same(empty.history, History()));

  History no_rows;
  no_rows.epochs.columns.emplace_back("train_loss", std::vector<double>());
  write_run_record(file, provenance, no_rows);
  CHECK(same(read_run_record(file).history, no_rows));
  CHECK(folder.entries() == 1);
}

TEST_CASE("equal records are equal files") {
  const Folder folder;
  write_run_record(folder / "a.h5", {}, sample_history());
  write_run_record(folder / "b.h5", {}, sample_history());
  CHECK(read_file(folder / "a.h5") == read_file(folder / "b.h5"));
}

TEST_CASE("files that are no run record are refused") {
  const Folder folder;
  const auto file = folder / "run.h5";
  const auto error = [&] { return message([&] { read_run_record(file); }); };
  CHECK(holds(error(), "no such file"));
  write_hdf5(file, [](Hdf5Writer& out) { out.group("/epochs"); });
  CHECK(holds(error(), "run.h5: is not a run record"));
  write_hdf5(file, [](Hdf5Writer& out) {
    out.text("/", "creator", "laq");
    out.integer("/", "layout", 99);
    out.write<double>("/epochs/epoch", {}, {0});
  });
  CHECK(holds(error(), "found 99, expected 1"));
  write_hdf5(file, [](Hdf5Writer& out) {
    out.text("/", "creator", "laq");
    out.integer("/", "layout", 1);
    out.write<double>("/epochs/epoch", {}, {0});
  });
  CHECK(holds(error(), "no such attribute"));
}

TEST_CASE("truncated and altered records are errors, or harmless") {
  const Folder folder;
  const auto file = folder / "run.h5";
  Provenance provenance = sample_provenance();
  provenance.config_yaml = "a: 1\n";
  write_run_record(file, provenance, sample_history());
  const std::string whole = read_file(file);
  for (std::size_t length = 0; length < whole.size(); length += whole.size() / 37) {
    store(file, whole.substr(0, length));
    CHECK_FALSE(message([&] { read_run_record(file); }).empty());
  }
  // Also where only the seal, of 20 bytes, is cut into. Without any of it the file is what HDF5
  // leaves when it changes one, with all of the content.
  for (std::size_t missing = 1; missing <= 60; ++missing) {
    INFO(missing << " bytes are missing");
    store(file, whole.substr(0, whole.size() - missing));
    const std::string error = message([&] { read_run_record(file); });
    CHECK(holds(error, "is truncated") == (missing != 20));
  }
  std::mt19937 random(1);
  for (int trial = 0; trial < 300; ++trial) {
    std::string altered = whole;
    for (int i = 0; i <= trial % 4; ++i) {
      altered[random() % altered.size()] ^= static_cast<char>(1 + random() % 255);
    }
    store(file, altered);
    message([&] { read_run_record(file); });  // whatever it says, it must return
  }
  SUCCEED();
}

TEST_CASE("h5dump and h5py read a run record") {
  const Folder folder;
  const std::string file = (folder / "run.h5").string();
  write_run_record(file, sample_provenance(), sample_history());
  if (shell("h5dump --version 2>/dev/null").first == 0) {
    const auto [status, dump] = shell("h5dump -H " + file + " 2>&1");
    CHECK(status == 0);
    CHECK(holds(dump, "DATASET \"train_loss\""));
  } else {
    WARN("h5dump is not installed (package hdf5-tools): not tried");
  }
  if (shell("/usr/bin/python3 -c 'import h5py' 2>&1").first != 0) {
    WARN("h5py is not installed (package python3-h5py): not tried");
    return;
  }
  const auto script = std::filesystem::path(__FILE__).parent_path().parent_path() / "integration" /
                      "h5py_record.py";
  const auto [status, printed] =
      shell("/usr/bin/python3 '" + script.string() + "' --json " + file + " 2>&1");
  INFO(printed);
  REQUIRE(status == 0);
  const auto seen = nlohmann::json::parse(printed);
  CHECK(seen["attributes"]["method"] == "late");
  CHECK(seen["attributes"]["seed"] == 3);
  CHECK(seen["epochs"]["train_loss"] ==
        std::vector<std::string>{"0x1.999999999999ap-4", "nan", "-inf"});
  CHECK(seen["epochs"]["learning_rate"][0] == "-0x0.0p+0");
  CHECK(seen["steps"]["step"] == std::vector{10, 20, 30, 40, 50});
  CHECK(seen["layers"]["fc1.weight"]["scales"] == std::vector{3, 3});
  CHECK(seen["final"]["best_epoch"] == 2);
  CHECK(seen["final"]["state"] == "completed");

  // A note that someone adds takes the seal away, and the record stays readable.
  const std::string note = "import h5py, sys; h5py.File(sys.argv[1], 'r+').attrs['note'] = 'mine'";
  REQUIRE(shell("/usr/bin/python3 -c \"" + note + "\" " + file).first == 0);
  CHECK_FALSE(Hdf5Reader(file).sealed());
  CHECK(same(read_run_record(file).history, sample_history()));
}
