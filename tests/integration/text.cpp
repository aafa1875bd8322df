#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "integration/tiny_text.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

fs::path only_run(const Workplace& place) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(place / "results/runs/words")) {
    if (entry.path().filename() == "run.h5") found.push_back(entry.path().parent_path());
  }
  REQUIRE(found.size() == 1);
  return found.front();
}

}  // namespace

TEST_CASE("a character model is trained and writes text") {
  const Workplace place;
  add_text(place, tiny_words());
  const Outcome trained = place.laq({"run", "words", "--method", "late", "--json"});
  INFO(trained.out << trained.err);
  REQUIRE(trained.exit_code == 0);
  const auto object = nlohmann::json::parse(trained.out);
  CHECK(object["test_loss"].get<double>() < 1);  // nothing known: ln 12 = 2.5
  CHECK(object["test_loss"].get<double>() > 0);
  const std::string run = only_run(place).string();

  const Outcome sampled = place.laq({"sample", run, "--length", "60", "--prompt", "one "});
  CHECK(sampled.exit_code == 0);
  CHECK_THAT(sampled.err, Catch::Contains("weights after the last epoch"));
  CHECK(sampled.out.starts_with("one "));
  CHECK(sampled.out.size() == 4 + 60 + 1);
  CHECK(place.laq({"sample", run, "--length", "60", "--prompt", "one "}).out == sampled.out);
  CHECK(place.laq({"sample", run, "--length", "60", "--prompt", "one ", "--seed", "9"}).out !=
        sampled.out);
  check_refusal(place.laq({"sample", run, "--prompt", "one 5"}), 2,
                {"character 5 is not in the training text", "'5'"});
  check_refusal(place.laq({"sample", run, "--prompt", ""}), 2, {"--prompt", "found ''"});
  check_refusal(place.laq({"sample", run, "--length", "-1"}), 2, {"--length"});
  for (const std::string wrong : {"nan", "inf", "-1", "101", "1x"}) {
    check_refusal(place.laq({"sample", run, "--temperature", wrong}), 2,
                  {"--temperature", "'" + wrong + "'", "a number from 0 to 100"});
  }
  check_refusal(place.laq({"sample", "nowhere"}), 1, {"there is no such run", "nowhere"});
}

TEST_CASE("lines of progress on text give losses") {
  const Workplace place;
  add_text(place, tiny_words());
  const Outcome outcome = place.laq({"run", "words", "train.epochs=1"});
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("validation loss") && Catch::Contains("test loss") &&
                              !Catch::Contains("error"));
}

TEST_CASE("a text that is empty or too short is refused in one line") {
  const Workplace place;
  add_text(place, tiny_words());
  check_refusal(place.laq({"run", "words", "train.batch=2000"}), 2,
                {"'train.batch'", "longer than the training text"});
  check_refusal(place.laq({"run", "words", "data.characters=1000"}), 2,
                {"the validation text is shorter than one batch", "100 characters"});
  check_refusal(place.laq({"run", "words", "train.time_steps=0"}), 2, {"'train.time_steps'"});
  write_text(place / "data/tiny_text/words.txt", "");
  check_refusal(place.laq({"run", "words"}), 1, {"words.txt", "file is truncated"});
}

TEST_CASE("a training on text that diverges says so") {
  const Workplace place;
  add_text(place, tiny_words());
  const Outcome outcome = place.laq({"run", "words", "--method", "full", "train.learning_rate=1000",
                                     "train.clip_gradient=0", "--json", "train.epochs=2"});
  INFO(outcome.out << outcome.err);
  const auto object = nlohmann::json::parse(outcome.out);
  if (object["state"] == "completed")
    CHECK(object["test_loss"].get<double>() > 2);
  else
    CHECK(object["state"] == "diverged");
}
