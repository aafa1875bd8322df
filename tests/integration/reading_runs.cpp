#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "core/files.hpp"
#include "integration/tiny_data.hpp"
#include "integration/workplace.hpp"
#include "record/best_weights.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
using nlohmann::json;

namespace {

// A document's blocks of Python.
std::vector<std::string> python_of(const std::string& document) {
  const std::string open = "```python\n";
  std::vector<std::string> blocks;
  for (auto at = document.find(open); at != std::string::npos; at = document.find(open, at)) {
    at += open.size();
    blocks.push_back(document.substr(at, document.find("```", at) - at));
  }
  return blocks;
}

std::string example(std::size_t number) {
  const auto blocks = python_of(read_file(LAQ_SOURCE_DIR "/docs/runs.md"));
  REQUIRE(blocks.size() == 2);
  return blocks[number];
}

// What the example has read, as JSON on the last line.
constexpr const char* kTell = R"(
import json
print(json.dumps({
    "path": paths[0],
    "rows": len(runs),
    "by_method": [dict(zip(("experiment", "method", "hash"), key), count=len(errors),
                       mean=errors.mean(), std=errors.std()) for key, errors in by_method],
    "epochs": {name: list(epochs[name]) for name in epochs},
    "index": [int(epoch) for epoch in epochs.index],
    "scales": {name: values.tolist() for name, values in scales.items()}}))
)";

bool has_python(const std::string& modules) {
  const std::string command = "/usr/bin/python3 -c 'import " + modules + "' > /dev/null 2>&1";
  if (std::system(command.c_str()) == 0) return true;
  WARN("skipped: not all of " << modules << " are installed (packages python3-…)");
  return false;
}

/// The last line that a program in Python prints.
std::string last_line(const Workplace& place, const std::string& python) {
  write_text(place / "example.py", python);
  const std::string command =
      "cd '" + place.path().string() + "' && /usr/bin/python3 example.py > read.txt 2> errors.txt";
  const int status = std::system(command.c_str());
  INFO(read_file(place / "errors.txt"));
  REQUIRE(status == 0);
  std::string text = read_file(place / "read.txt");
  text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

json read_by_example(const Workplace& place) {
  return json::parse(last_line(place, example(0) + kTell));
}

}  // namespace

TEST_CASE("the documented example reads runs as the program does") {
  if (!has_python("h5py, pandas")) return;
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "seed=1,2"}));
  const json read = read_by_example(place);
  CHECK(read["rows"] == 4);

  const json table = json::parse(place.laq({"table", "tiny", "seed=1,2", "--format", "json"}).out);
  REQUIRE(read["by_method"].size() == 2);
  for (const auto& row : table["rows"]) {
    const json& cell = row["cells"][0];
    int found = 0;
    for (const auto& group : read["by_method"]) {
      if (group["method"] != row["method"]) continue;
      ++found;
      CHECK(group["count"] == cell["n"]);
      CHECK(group["mean"].get<double>() == Approx(cell["mean"].get<double>()));
      CHECK(group["std"].get<double>() == Approx(cell["sd"].get<double>()).margin(1e-12));
    }
    CHECK(found == 1);
  }

  const auto record = record::read_run_record(place / read["path"].get<std::string>());
  CHECK(read["index"] == json(record.history.epochs.index));
  for (const auto& [name, values] : record.history.epochs.columns) {
    INFO(name);
    CHECK(read["epochs"][name] == json(values));
  }
  CHECK(read["scales"].size() == record.history.layers.size());
}

TEST_CASE("the documented example recomputes the test error from the best epoch's weights") {
  if (!has_python("h5py, numpy")) return;
  const Workplace place;
  const auto fill = [](std::string& text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  };
  // One scale, two, three bits, one scale for each row, and none.
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"late", "model.hidden=[16, 12]"},
                                             {"lat2e"},
                                             {"laq3_log"},
                                             {"dorefa4"},
                                             {"full"},
                                             {"twn", "quantizer.group=row"}}) {
    std::vector<std::string> arguments{"run", "tiny", "--json", "--method"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Outcome outcome = place.laq(arguments);
    REQUIRE(outcome.exit_code == 0);
    const json run = json::parse(outcome.out);
    const auto folder = place / run["run_dir"].get<std::string>();
    std::string python = example(1);
    fill(python, "results/runs/mnist/late-7bc5d4b8/seed-1/best.h5", (folder / "best.h5").string());
    fill(python, "data/mnist/t10k-images-idx3-ubyte.gz", "data/tiny/test-images.gz");
    fill(python, "data/mnist/t10k-labels-idx1-ubyte.gz", "data/tiny/test-labels");
    const json read = json::parse(
        last_line(place, python + "\nimport json\nprint(json.dumps([error, float(recorded)]))\n"));
    INFO(words.front());
    CHECK(read[0].get<double>() == Approx(run["test_error"].get<double>()));
    CHECK(read[1] == run["test_error"]);
    CHECK(record::read_best_weights(folder / "best.h5").epoch == run["best_epoch"]);
  }
}

TEST_CASE("best.h5 is of the best epoch, and is made anew with the run") {
  const Workplace place;
  // A rate at which the validation error rises again.
  const std::vector<std::string> words{
      "run", "tiny", "--method", "late", "--json", "train.epochs=6", "train.learning_rate=0.3"};
  const json run = json::parse(place.laq(words).out);
  const auto file = place / run["run_dir"].get<std::string>() / "best.h5";
  const auto best = record::read_best_weights(file);
  CHECK(best.epoch == run["best_epoch"]);
  CHECK(best.scores.at("valid_error") == run["valid_error"]);
  CHECK(best.texts.at("dataset") == "tiny");
  REQUIRE(best.quantized.size() == 2);
  const auto values = best.quantized[0].values();
  CHECK(std::set<float>(values.begin(), values.end()).size() <= 3);
  CHECK(best.input.at(0).shape == record::Shape{1, 6, 6});

  auto again = words;
  again.push_back("--rerun");
  const auto before = std::filesystem::last_write_time(file);
  CHECK(place.laq(again).exit_code == 0);
  CHECK(std::filesystem::last_write_time(file) != before);
  CHECK(record::read_best_weights(file).quantized == best.quantized);

  check_done(place.laq({"run", "tiny", "--runs", "bare", "record.best=false"}));
  CHECK_FALSE(std::filesystem::exists(place.run_folder("full", "bare") / "best.h5"));
  check_done(place.laq({"run", "tiny", "--runs", "none", "train.epochs=0"}));
  CHECK(record::read_best_weights(place.run_folder("full", "none") / "best.h5").epoch == 0);
  CHECK_THROWS_WITH(record::read_best_weights(file.parent_path() / "run.h5"),
                    Catch::Contains("best epoch"));
}
