#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/workplace.hpp"
#include "support/picture_files.hpp"

using namespace laq::integration;
using nlohmann::json;

namespace {

std::string rows(int count) {
  std::string text = "a,b,label\n";
  for (int i = 0; i < count; ++i)
    text += std::to_string(i % 3 * 4 + i % 2) + "," + std::to_string(i % 7) + "," +
            std::to_string(i % 3) + "\n";
  return text;
}

}  // namespace

TEST_CASE("data add makes a dataset and an experiment, and says what trains on it") {
  const Workplace place;
  write_text(place / "iris.csv", rows(300));
  const Outcome added =
      place.laq({"data", "add", "iris.csv", "--name", "iris", "--title", "Iris \"2\""});
  check_done(added);
  CHECK_THAT(added.out, Catch::Contains("iris: 300 rows of 2 in 3 classes (0 100, 1 100, 2 100)"));
  CHECK_THAT(added.out, Catch::Contains("train on it: laq run iris --method late"));
  const Outcome run = place.laq({"run", "iris", "--method", "late", "--json"});
  REQUIRE(run.exit_code == 0);
  CHECK(json::parse(run.out)["test_error"].get<double>() < 20);
  CHECK_THAT(place.laq({"data", "list", "iris"}).out, Catch::Contains("confirmed"));
  check_done(place.laq({"data", "verify", "iris"}));

  check_refusal(place.laq({"data", "add", "iris.csv", "--name", "iris"}), 2,
                {"configs/datasets/iris.yaml", "already something of this name"});
  write_text(place / "bad.csv", "a,label\n1,0\nx,1\n");
  check_refusal(place.laq({"data", "add", "bad.csv", "--name", "bad"}), 1,
                {"bad.csv:3", "text in a number's place", "'x'"});
  CHECK_FALSE(std::filesystem::exists(place / "configs/datasets/bad.yaml"));
  CHECK_FALSE(std::filesystem::exists(place / "data/bad"));
  check_refusal(place.laq({"data", "add", "none.csv", "--name", "none"}), 1, {"none.csv"});
  check_refusal(place.laq({"data", "add", "iris.csv", "--name", "A-b"}), 2, {"--name", "A-b"});

  write_text(place / "data/iris/iris.csv", rows(299) + "1,2,x\n");
  check_refusal(place.laq({"run", "iris", "--method", "lata"}), 1, {"iris.csv", "iris.yaml"});
}

TEST_CASE("data add takes a text") {
  const Workplace place;
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "abcde"[i * i % 5];
  write_text(place / "letters.txt", text);
  check_done(place.laq({"data", "add", "letters.txt", "--name", "letters"}));
  check_done(place.laq({"run", "letters", "--method", "late", "train.epochs=1", "model.units=8"}));
  check_done(place.laq({"run", "letters", "--method", "late", "train.epochs=1",
                        "model={kind: layers, layers: [one_hot, gru: 8, dense: outputs]}"}));
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(place / "results/runs/letters")) {
    if (entry.path().filename() != "checkpoint.h5") continue;
    const Outcome sampled = place.laq(
        {"sample", entry.path().parent_path().string(), "--length", "20", "--prompt", "abe"});
    CHECK(sampled.exit_code == 0);
    CHECK(sampled.out.size() >= 23);
  }
}

TEST_CASE("data add takes pictures of train/ and test/ alone, into a new folder, and they train") {
  const Workplace place;
  const auto write = [&](const std::string& folder, int count) {
    for (int i = 0; i < count; ++i) {
      for (const int kind : {0, 1}) {
        const auto shade = static_cast<std::uint8_t>(kind ? 200 - i : 20 + i);
        write_text(place / fmt::format("pics/{}/{}/{}.png", folder, kind ? "light" : "dark", i),
                   laq::test::png(6, 6, {shade, shade, shade}));
      }
    }
  };
  write("train", 40);
  write("test", 10);
  write("valid", 5);
  const std::vector<std::string> add{"data", "add", "pics", "--name", "pics"};
  check_refusal(place.laq(add), 1, {"pics/valid/", "train/<class>/<file> or test/<class>/<file>"});
  std::filesystem::remove_all(place / "pics/valid");
  check_done(place.laq(add));
  // Whatever the experiment's schedule is, a profile has its own.
  for (const char* profile : {"quick", "reduced"}) {
    check_done(place.laq({"run", "pics", "--method", "late", "--profile", profile, "train.epochs=1",
                          "model.hidden=[8]"}));
  }
  for (const char* folder : {"datasets", "experiments"})
    std::filesystem::remove(place / ("configs/" + std::string(folder) + "/pics.yaml"));
  check_refusal(place.laq(add), 1, {"data/pics/pictures", "something already"});
}

TEST_CASE("docs/keys.md is what the program says of its keys") {
  const Workplace place;
  const Outcome keys = place.laq({"keys", "--format", "md"});
  check_done(keys);
  CHECK(keys.out == laq::read_file(LAQ_SOURCE_DIR "/docs/keys.md"));
}

TEST_CASE("a method's keys are asked for with an experiment") {
  const Workplace place;
  check_refusal(place.laq({"keys", "--method", "late"}), 2, {"laq keys EXPERIMENT"});
}

TEST_CASE("keys of an experiment have values and the places where they were set") {
  const Workplace place;
  const Outcome outcome =
      place.laq({"keys", "tiny", "--method", "late", "train.epochs=7", "--format", "json"});
  check_done(outcome);
  std::map<std::string, json> keys;
  for (const json& one : json::parse(outcome.out)) keys[one["key"]] = one;
  CHECK(keys.at("train.epochs")["value"] == 7);
  CHECK(keys.at("train.epochs")["set_in"] == "command line (train.epochs)");
  CHECK(keys.at("train.batch")["set_in"] == "configs/experiments/tiny.yaml:4");
  CHECK(keys.at("quantizer.levels")["set_in"] == "configs/methods/late.yaml:3");
  CHECK(keys.at("train.adam.beta1")["set_in"] == "");
  CHECK(keys.at("train.adam.beta1")["value"] == 0.9);
  CHECK_FALSE(keys.contains("model.width"));
  check_done(place.laq({"keys", "tiny"}));
  check_refusal(place.laq({"keys", "tyni"}), 2, {"tyni", "tiny"});
}

TEST_CASE("the option --show-config prints what would be run, and runs nothing") {
  const Workplace place;
  const Outcome shown =
      place.laq({"run", "tiny", "--method", "late", "--show-config", "train.epochs=7"});
  check_done(shown);
  CHECK_THAT(shown.out, Catch::Contains("epochs: 7") && Catch::Contains("levels: ternary"));
  CHECK_FALSE(std::filesystem::exists(place / "results"));
}
