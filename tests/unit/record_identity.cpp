#include <catch2/catch.hpp>

#include "core/files.hpp"
#include "record/run_identity.hpp"
#include "record/run_record.hpp"
#include "record_support.hpp"

using namespace laq;
using namespace laq::record;
using namespace laq::record::test;
namespace fs = std::filesystem;

namespace {

const std::string kHash = "0123456789abcdef" + std::string(48, '0');

RunIdentity sample_identity() {
  return {"mnist", "late", kHash, 3};
}

bool known(const RunIdentity& identity) {
  return !identity.experiment.empty() || !identity.method.empty() || !identity.hash.empty() ||
         identity.seed;
}

void write_record(const fs::path& folder, const RunIdentity& identity) {
  make_folder(folder);
  Provenance provenance = sample_provenance();
  provenance.experiment = identity.experiment;
  provenance.method = identity.method;
  provenance.config_hash = identity.hash;
  provenance.seed = *identity.seed;
  write_run_record(folder / "run.h5", provenance, {});
}

void write_checkpoint_of(const fs::path& folder, const RunIdentity& identity) {
  make_folder(folder);
  CheckpointState state{{{"seed", *identity.seed}}, {{"config_hash", identity.hash}}, {}};
  if (!identity.experiment.empty()) state.texts["experiment"] = identity.experiment;
  if (!identity.method.empty()) state.texts["method"] = identity.method;
  write_checkpoint(folder / "checkpoint.h5", {}, state);
}

/// What is said of a record or checkpoint when its folder is taken by its name.
std::string by_name(const fs::path& folder) {
  return message([&] { require_run_in(folder, identity_by_name(folder)); });
}

}  // namespace

TEST_CASE("a run lies where its identity says, and the name says it back", "[record]") {
  const RunIdentity run = sample_identity();
  CHECK(run.folder() == "mnist/late-01234567/seed-3");
  for (const char* place : {"/runs", "runs", "/runs/./deeper/.."}) {
    for (const char* end : {"", "/"}) {
      const RunIdentity found = identity_by_name((fs::path(place) / run.folder()).string() + end);
      CHECK(found.experiment == "mnist");
      CHECK(found.method == "late");
      CHECK(found.hash == "01234567");
      CHECK(found.seed == 3);
    }
  }
  CHECK(identity_by_name("/a/my-method-01234567/seed-0").method == "my-method");
  const RunIdentity alone = identity_by_name("/tmp/seed-4");
  CHECK(alone.seed == 4);
  CHECK((alone.method.empty() && alone.hash.empty() && alone.experiment.empty()));
  for (const char* other : {"/tmp/mine", "/a/late-01234567/seed-x", "/a/late-01234567/seed-1x",
                            "/a/late-01234567/best", "/"})
    CHECK_FALSE(known(identity_by_name(other)));
  CHECK(plain_name("my/own.yaml") == "own");
  CHECK(plain_name("late") == "late");
}

TEST_CASE("a record of another run is told from one in its place", "[record]") {
  const Folder runs;
  const RunIdentity run = sample_identity();
  const fs::path own = runs / run.folder().string();
  CHECK(by_name(own).empty());  // nothing there
  write_record(own, run);
  CHECK(by_name(own).empty());
  CHECK(message([&] { require_run_in(own, run); }).empty());

  struct Copy {
    std::string place, found, expected;
  };
  for (const Copy& copy :
       std::vector<Copy>{{"mnist/late-01234567/seed-2", "seed 3", "seed 2"},
                         {"mnist/lata-01234567/seed-3", "method late", "method lata"},
                         {"svhn/late-01234567/seed-3", "experiment mnist", "experiment svhn"},
                         {"mnist/late-76543210/seed-3", "hash 01234567", "hash 76543210"},
                         {"mnist/lata-76543210/seed-2", "method late, hash 01234567, seed 3",
                          "method lata, hash 76543210, seed 2"}}) {
    const fs::path place = runs / copy.place;
    fs::create_directories(place.parent_path());
    fs::copy(own, place);
    const std::string said = by_name(place);
    INFO(said);
    CHECK(holds(said, (place / "run.h5").string() + ": is of another run"));
    CHECK(holds(said, "found " + copy.found + ", expected " + copy.expected + ";"));
    CHECK(holds(said, "mnist/late-01234567/seed-3"));
    CHECK_FALSE(holds(said, "\n"));
  }
  fs::copy(own, runs / "anywhere");  // a name that says nothing
  CHECK(by_name(runs / "anywhere").empty());

  RunIdentity near = run;  // the folder's name cannot tell these apart
  near.hash.back() = '1';
  CHECK(holds(message([&] { require_run_in(own, near); }),
              "found hash " + run.hash + ", expected hash " + near.hash));
}

TEST_CASE("a checkpoint of another run is told from one in its place", "[record]") {
  const Folder runs;
  const RunIdentity run = sample_identity();
  write_checkpoint_of(runs / run.folder().string(), run);
  CHECK(by_name(runs / run.folder().string()).empty());
  const fs::path copied = runs / "mnist/late-01234567/seed-2";
  write_checkpoint_of(copied, run);
  CHECK(holds(by_name(copied), "checkpoint.h5: is of another run"));
  CHECK(holds(by_name(copied), "found seed 3, expected seed 2"));

  RunIdentity earlier = run;  // names were not kept
  earlier.experiment = earlier.method = "";
  write_checkpoint_of(copied, earlier);
  const std::string said = by_name(copied);
  CHECK(holds(said, "found seed 3, expected seed 2"));
  CHECK_FALSE(holds(said, "or move it"));
  const fs::path renamed = runs / "svhn/lata-01234567/seed-3";
  write_checkpoint_of(renamed, earlier);
  CHECK(by_name(renamed).empty());
}

TEST_CASE("a record that cannot be read is left to those who need it", "[record]") {
  const Folder runs;
  const fs::path folder = runs / sample_identity().folder().string();
  make_folder(folder);
  replace_file(folder / "run.h5", "no HDF5");
  CHECK(by_name(folder).empty());
}
