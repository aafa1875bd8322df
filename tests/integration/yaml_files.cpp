#include <catch2/catch.hpp>

#include "core/files.hpp"
#include "integration/workplace.hpp"

using namespace laq::integration;

namespace {

/// Runs an experiment given as a path to a YAML file.
Outcome run_file(const Workplace& place, const std::string& content) {
  write_text(place / "my.yaml", content);
  return place.laq({"run", "my.yaml"});
}

constexpr const char* kGood =
    "extends: [experiments/tiny]\n"
    "train:\n"
    "  epochs: 1\n";

}  // namespace

TEST_CASE("a YAML file can be given by its path") {
  const Workplace place;
  check_done(run_file(place, kGood));
  CHECK(std::filesystem::exists(place / "results/runs/my"));
  write_text(place / "mine.yaml",
             "title: Mine\nquantizer: {levels: log, bits: 2, solver: alternating}\n");
  check_done(place.laq({"run", "my.yaml", "--method", "mine.yaml"}));
  write_text(place / "both.yaml",
             "title: Both\nexperiments: [my.yaml]\nmethods: [full, mine.yaml]\n");
  const Outcome plan = place.laq({"sweep", "both.yaml", "--dry-run", "--runs", "results/runs"});
  check_done(plan);
  CHECK_THAT(plan.out, Catch::Contains("2 runs, 2 done"));
}

TEST_CASE("a broken YAML file is refused with its line") {
  const Workplace place;
  const auto refused = [&](const std::string& content, const std::vector<std::string>& message) {
    check_refusal(run_file(place, content), 2, message);
  };
  refused("train:\n  epochs: [1\n", {"my.yaml:3", "not valid YAML"});
  refused("train:\n\tepochs: 1\n", {"my.yaml:2", "not valid YAML"});
  refused("train:\n  epochs: 1\n  batch: 2\n  epochs: 3\n",
          {"my.yaml:4", "'epochs'", "given twice"});
  refused("- 1\n- 2\n", {"my.yaml"});
  refused("", {"my.yaml"});
  refused("? [1, 2]\n: 3\n", {"my.yaml:1", "key"});
  refused(std::string(kGood) + "  epohcs: 2\n",
          {"my.yaml:4", "'train.epohcs'", "did you mean 'epochs'?"});
  refused(std::string(kGood) + "  batch: 1\n", {"my.yaml:4", "'train.batch'", "'1'", "2 to"});
  refused("extends: [experiments/tyni]\n", {"tyni"});
  refused("extends: experiments/tiny\n", {"my.yaml:1", "'extends'", "a list"});
  refused("dataset: tiny\nmodel: {kind: mlp, hidden: [8]}\n", {"'train.epochs'", "missing"});
  refused(std::string(kGood) + "dataset: [a]\n", {"my.yaml:4", "'dataset'", "a list"});
  refused("\x01\x02\xff\n", {"my.yaml"});
  refused(std::string(kGood) + "---\ntrain: {epochs: 2}\n",
          {"my.yaml:5", "a second YAML document begins here"});
}

TEST_CASE("a second document in any file that is read is refused") {
  const Workplace place;
  const auto refused = [&](const std::string& file, const std::vector<std::string>& arguments) {
    const std::string whole = laq::read_file(place / file);
    write_text(place / file, whole + "\n---\n" + whole);
    check_refusal(place.laq(arguments), 2, {file, "a second YAML document begins here"});
    write_text(place / file, whole);
  };
  const std::vector<std::string> run{"run", "tiny", "--method", "late"};
  for (const char* file : {"configs/datasets/tiny.yaml", "configs/experiments/tiny.yaml",
                           "configs/methods/late.yaml", "configs/profiles/paper.yaml"})
    refused(file, run);
  refused("configs/models/mlp.yaml", {"run", "mnist"});
  refused("configs/sweeps/tiny.yaml", {"sweep", "tiny"});
  check_done(place.laq({"sweep", "tiny"}));
  write_text(place / "configs/sweeps/printed.yaml",
             "table: feedforward\nprofile: paper\nexperiments: [tiny]\nmethods: [full]\n");
  check_done(place.laq({"sweep", "printed", "train.epochs=1"}));
  refused("configs/paper/tables.yaml", {"table", "printed"});
  refused("configs/claims.yaml", {"claims", "tiny"});
}

TEST_CASE("a YAML file that is not there or cannot be read is refused") {
  const Workplace place;
  check_refusal(place.laq({"run", "none.yaml"}), 2, {"none.yaml", "No such file"});
  std::filesystem::create_directory(place / "folder.yaml");
  check_refusal(place.laq({"run", "folder.yaml"}), 2, {"folder.yaml", "folder"});
  check_refusal(place.laq({"run", "tiny", "--method", "none.yaml"}), 2, {"none.yaml"});
  check_refusal(place.laq({"sweep", "none.yaml"}), 2, {"none.yaml"});
  write_text(place / "round.yaml", "extends: [../round]\n");
  check_refusal(place.laq({"run", "round.yaml"}), 2, {"round.yaml", "circle"});
}
