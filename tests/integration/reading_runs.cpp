#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/tiny_data.hpp"
#include "integration/workplace.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
using nlohmann::json;

namespace {

// The one block of Python in a document.
std::string python_of(const std::string& document) {
  const std::string open = "```python\n";
  const auto begin = document.find(open);
  REQUIRE(begin != std::string::npos);
  const auto end = document.find("```", begin + open.size());
  REQUIRE(end != std::string::npos);
  CHECK(document.find(open, end) == std::string::npos);
  return document.substr(begin + open.size(), end - begin - open.size());
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

bool has_python() {
  return std::system("/usr/bin/python3 -c 'import h5py, pandas' > /dev/null 2>&1") == 0;
}

json read_by_example(const Workplace& place) {
  const std::string document = read_file(LAQ_SOURCE_DIR "/docs/reading-runs.md");
  write_text(place / "example.py", python_of(document) + kTell);
  const std::string command =
      "cd '" + place.path().string() + "' && /usr/bin/python3 example.py > read.txt 2> errors.txt";
  const int status = std::system(command.c_str());
  INFO(read_file(place / "errors.txt"));
  REQUIRE(status == 0);
  std::string text = read_file(place / "read.txt");
  text.pop_back();
  return json::parse(text.substr(text.rfind('\n') + 1));
}

}  // namespace

TEST_CASE("the documented example reads runs as the program does") {
  if (!has_python()) {
    WARN("skipped: pandas or h5py is not installed (packages python3-pandas, python3-h5py)");
    return;
  }
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
