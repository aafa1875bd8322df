#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/tiny_text.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

const fs::path kSources = LAQ_SOURCE_DIR;

fs::path trained(const Workplace& place, const std::string& method,
                 std::vector<std::string> words = {}) {
  std::vector<std::string> call{"run", "tiny", "--method", method};
  call.insert(call.end(), words.begin(), words.end());
  check_done(place.laq(call));
  return place.run_folder(method);
}

nlohmann::json json_of(const Outcome& outcome) {
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return nlohmann::json::parse(outcome.out);
}

std::string spoiled(std::string text, std::size_t at) {
  text.at(at) = static_cast<char>(text[at] ^ 0x55);
  return text;
}

// Networks of layers of all kinds, for the words of `laq run`.
const char* const kPictureLayers =
    "model={kind: layers, layers: [conv: {channels: 4, kernel: 3, padding: 1}, layer_norm, "
    "hardtanh, residual: [conv: {channels: 4, kernel: 3, padding: 1, groups: 2}, batch_norm], "
    "relu, "
    "residual: {shortcut: conv, layers: [conv: {channels: 6, kernel: 3, stride: 2, padding: 1, "
    "groups: 2}]}, tanh, max_pool: 1, average_pool: all, flatten, dropout: 0.1, dense: outputs]}";
const char* const kTextLayers =
    "model={kind: layers, layers: [embedding: 8, gru: 12, dropout: 0.1, residual: [lstm: 12], "
    "dense: {units: 8, bias: false}, batch_norm, hardtanh, dense: outputs]}";
const char* const kNormalisedTextLayers =
    "model={kind: layers, layers: [one_hot, lstm: {units: 12, norm: layer}, flatten, gru: {units: "
    "12, norm: layer}, layer_norm, dense: outputs]}";

// A fenced block of docs/shipping.md in this language.
std::string example(const std::string& language) {
  const std::string text = read_file(kSources / "docs/shipping.md"),
                    fence = "```" + language + "\n";
  const std::size_t begin = text.find(fence) + fence.size();
  return text.substr(begin, text.find("```", begin) - begin);
}

std::string python_with(std::string script, const fs::path& model) {
  const std::string path = "\"model.safetensors\"";
  const std::size_t at = script.find(path);
  REQUIRE(at != script.npos);
  return script.replace(at, path.size(), "\"" + model.string() + "\"");
}

Outcome python(const Workplace& place, const std::string& script) {
  write_text(place / "script.py", script);
  return run({.arguments = {(place / "script.py").string()},
              .folder = place.path(),
              .program = "/usr/bin/python3"});
}

// Whether Python has a module.
bool has_module(const Workplace& place, const std::string& name) {
  return python(place, "import " + name).exit_code == 0;
}

}  // namespace

TEST_CASE("an export takes no place of the run's own files") {
  const Workplace place;
  const fs::path run = trained(place, "late");
  const std::string before = read_file(run / "best.h5");
  check_refusal(place.laq({"export", run.string(), "--out", (run / "best.h5").string()}), 2,
                {"--out", "the run's own file"});
  CHECK((read_file(run / "best.h5") == before));
}

TEST_CASE("an exported network has the test error that its run recorded, to the last picture",
          "[shipping]") {
  const Workplace place;
  struct Way {
    std::string method;
    std::vector<std::string> words;
  };
  const auto way =
      GENERATE(Way{"late", {}}, Way{"lab", {}}, Way{"binaryconnect", {"model.output_norm=false"}},
               Way{"lat2e", {"quantizer.group=row"}}, Way{"laq3_linear", {"quantizer.group=row"}},
               Way{"laq4_log", {}}, Way{"laq3_linear", {"quantizer.bits=8"}}, Way{"dorefa3", {}},
               Way{"ttq", {"quantizer.group=row"}}, Way{"full", {}});
  INFO(way.method);
  const fs::path folder = trained(place, way.method, way.words);
  const fs::path file = place / "model.safetensors";
  const auto exported =
      json_of(place.laq({"export", folder.string(), "--out", file.string(), "--json"}));
  CHECK(exported["bytes"] == fs::file_size(file));
  for (const char* epoch : {"best", "last"}) {
    check_done(place.laq({"export", folder.string(), "--out", file.string(), "--epoch", epoch}));
    const auto result = json_of(place.laq({"evaluate", file.string(), "--json"}));
    CHECK(result["difference"] == 0);
    CHECK(result["answers"] == 200);
    CHECK(result["test_error"].get<double>() == Approx(result["recorded_error"].get<double>()));
    CHECK(result["test_loss"].get<double>() ==
          Approx(result["recorded_loss"].get<double>()).epsilon(1e-4));
  }
}

TEST_CASE("networks of layers of all kinds answer from a file as they did in training",
          "[shipping]") {
  const Workplace place;
  const std::string method = GENERATE("late", "lab", "laq3_linear");
  for (const char* group : {"tensor", "row"}) {
    const fs::path folder = trained(
        place, method, {kPictureLayers, std::string("quantizer.group=") + group, "train.epochs=2"});
    check_done(place.laq({"export", folder.string(), "--out", "m.safetensors"}));
    const auto result = json_of(place.laq({"evaluate", "m.safetensors", "--json"}));
    CHECK(result["difference"] == 0);
    CHECK(result["test_loss"].get<double>() ==
          Approx(result["recorded_loss"].get<double>()).epsilon(1e-4));
    fs::remove_all(place / "results");
  }
}

TEST_CASE("the size of an exported file is that of its codes and scales", "[shipping]") {
  const Workplace place;
  // Large enough that the header is little.
  const fs::path folder =
      trained(place, "late", {"model.hidden=[1024,1024]", "train.epochs=1", "train.max_steps=3"});
  const auto exported =
      json_of(place.laq({"export", folder.string(), "--out", "m.safetensors", "--json"}));
  const double information =
      exported["code_bytes"].get<double>() + exported["scale_bytes"].get<double>() +
      exported["rest_bytes"].get<double>() + exported["preprocessing_bytes"].get<double>();
  CHECK(exported["weights"] == 36 * 1024 + 1024 * 1024 + 1024 * 4);
  CHECK(exported["code_bytes"] == exported["weights"].get<int>() / 4);
  CHECK(exported["bytes"].get<double>() <= 1.02 * information);
  CHECK(exported["bytes"].get<double>() - information < 3200);
  CHECK(exported["scale_bytes"] == 3 * 3 * sizeof(float));  // three levels, with the scale in them
}

TEST_CASE("an exported character model has its run's loss and writes text", "[shipping]") {
  const Workplace place;
  add_text(place, tiny_words());
  struct Way {
    const char *method, *words;
  };
  const Way way = GENERATE(Way{"late", "model.units=16"}, Way{"lat2e", "model.norm=layer"},
                           Way{"full", kTextLayers}, Way{"late", kTextLayers},
                           Way{"lab", kTextLayers}, Way{"laq3_log", kNormalisedTextLayers});
  INFO(way.method << " " << way.words);
  const auto run = json_of(
      place.laq({"run", "words", "--method", way.method, way.words, "train.epochs=2", "--json"}));
  const std::string folder = run["run_dir"];
  check_done(place.laq({"export", folder, "--out", "words.safetensors", "--epoch", "last"}));
  const auto result = json_of(place.laq({"evaluate", "words.safetensors", "--json"}));
  CHECK(result["difference"] == 0);
  CHECK(result["test_loss"].get<double>() ==
        Approx(result["recorded_loss"].get<double>()).epsilon(1e-5));

  const std::vector<std::string> options{"--length", "80", "--prompt",      "one ",
                                         "--seed",   "3",  "--temperature", "0.5"};
  const auto sample = [&](const std::string& what) {
    std::vector<std::string> call{"sample", what};
    call.insert(call.end(), options.begin(), options.end());
    const Outcome outcome = place.laq(call);
    CHECK(outcome.exit_code == 0);
    return outcome.out;
  };
  const std::string text = sample("words.safetensors");
  CHECK(text.size() == 4 + 80 + 1);
  CHECK(text == sample("words.safetensors"));
  check_refusal(place.laq({"sample", "words.safetensors", "--prompt", "one 5"}), 2,
                {"character 5 is not in the training text"});
  check_refusal(place.laq({"evaluate", "words.safetensors", "tiny"}), 2,
                {"does not fit the model", "pictures"});
}

TEST_CASE("NumPy unpacks an exported network to the weights that it was", "[shipping]") {
  const Workplace place;
  const std::string method = GENERATE("lab", "lat2e", "laq3_linear");
  const fs::path folder = trained(place, method, {"quantizer.group=row", "train.epochs=1"});
  for (const char* format : {"packed", "float32"}) {
    check_done(place.laq({"export", folder.string(), "--format", format, "--out",
                          std::string(format) + ".safetensors"}));
  }
  const std::string compare = R"(
raw = open("float32.safetensors", "rb").read()
length = int.from_bytes(raw[:8], "little")
header = json.loads(raw[8 : 8 + length])
for name, values in weights.items():
    assert (tensor(name) == values).all(), name
print("equal", len(weights))
)";
  const Outcome outcome =
      python(place, python_with(example("python"), "packed.safetensors") + compare);
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Catch::Contains("dense1.weight (16, 36)") && Catch::Contains("equal 2"));
}

TEST_CASE("an ONNX network is well-formed and holds the weights as they are", "[shipping]") {
  const Workplace place;
  if (!has_module(place, "onnx")) {
    WARN("skipped: python3-onnx is missing");
    return;
  }
  struct Way {
    const char *experiment, *words, *nodes;
  };
  const Way way = GENERATE(
      Way{"tiny", "model.output_norm=true", "'Gemm'"},
      Way{"tiny", kPictureLayers, "'GlobalAveragePool', 'Flatten', 'Gemm'"},
      Way{"words", "model.units=16", "'LSTM', 'Squeeze', 'MatMul', 'Add'"},
      Way{"words", kTextLayers,
          "'MatMul', 'GRU', 'Squeeze', 'LSTM', 'Squeeze', 'Add', 'MatMul', 'Mul', 'Add', 'Clip'"});
  INFO(way.words);
  add_text(place, tiny_words());
  std::vector<std::string> call{"run", way.experiment, "--method", "late", "--json"};
  const bool norm = std::string(way.words) == kPictureLayers;
  // ONNX's operators of this version have no layer norm.
  call.push_back(
      norm ? std::string(way.words).replace(std::string(way.words).find("layer_norm, "), 12, "")
           : way.words);
  call.push_back("train.epochs=1");
  const std::string folder = json_of(place.laq(call))["run_dir"];
  for (const char* format : {"onnx", "float32"}) {
    check_done(
        place.laq({"export", folder, "--format", format, "--out", std::string("model.") + format}));
  }
  const Outcome outcome = python(place, R"(
import json
import numpy
import onnx
from onnx import numpy_helper, shape_inference

model = onnx.load("model.onnx")
onnx.checker.check_model(model, full_check=True)
found = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
raw = open("model.float32", "rb").read()
length = int.from_bytes(raw[:8], "little")
header = json.loads(raw[8 : 8 + length])
compared = 0
for name, entry in header.items():
    if name.startswith("dense") and name.endswith(".weight"):
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        values = numpy.frombuffer(raw[begin:end], numpy.float32).reshape(entry["shape"])
        stored = found[name] if found[name].shape == values.shape else found[name].T
        assert (stored == values).all(), name
        compared += 1
print([node.op_type for node in model.graph.node], compared)
)");
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Catch::Contains(way.nodes));
}

TEST_CASE("the C program in the documentation runs an exported network", "[shipping]") {
  const Workplace place;
  const fs::path folder = trained(place, "late", {"train.epochs=1"});
  check_done(place.laq({"export", folder.string(), "--out", "model.safetensors"}));
  const Outcome outcome = run(
      {.arguments = {"model.safetensors"}, .folder = place.path(), .program = LAQ_RUNTIME_EXAMPLE});
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::StartsWith("class ") && Catch::Contains(" of 4, by "));
  CHECK(fs::file_size(LAQ_RUNTIME) < 2'000'000);  // with symbols; stripped it is half a megabyte
}

TEST_CASE("what cannot be exported or evaluated is told in one line", "[shipping]") {
  const Workplace place;
  const fs::path folder = trained(place, "late", {"train.epochs=1"});
  check_refusal(place.laq({"export", "nowhere", "--out", "m"}), 1, {"no such run", "nowhere"});
  check_refusal(place.laq({"export", folder.string(), "--out", "-"}), 2, {"--out"});
  check_refusal(place.laq({"export", folder.string(), "--out", "m", "--format", "gif"}), 2,
                {"--format"});
  check_refusal(place.laq({"export", folder.string(), "--out", "absent/m"}), 1, {"absent"});
  check_refusal(place.laq({"evaluate", "nowhere"}), 1, {"nowhere", "cannot be used"});
  check_done(place.laq({"export", folder.string(), "--out", "m.safetensors"}));
  check_refusal(place.laq({"evaluate", "m.safetensors", "nothing"}), 2, {"nothing"});
  check_refusal(place.laq({"evaluate", "m.safetensors", "mnist"}), 2,
                {"does not fit the model", "1 x 28 x 28", "1 x 6 x 6"});
  check_refusal(place.laq({"sample", "m.safetensors"}), 1, {"does not read characters"});
  const std::string good = read_file(place / "m.safetensors");
  write_text(place / "short.safetensors", good.substr(0, good.size() - 7));
  check_refusal(place.laq({"evaluate", "short.safetensors"}), 1,
                {"short.safetensors", "truncated"});
  write_text(place / "long.safetensors", good + "x");
  check_refusal(place.laq({"evaluate", "long.safetensors"}), 1, {"1 bytes at the file's end"});
  write_text(place / "head.safetensors", spoiled(good, 9));
  check_refusal(place.laq({"evaluate", "head.safetensors"}), 1, {"JSON"});
  write_text(place / "folder/x", "");
  check_refusal(place.laq({"evaluate", "folder"}), 1, {"folder", "directory"});
}

TEST_CASE("what ONNX has no operator for is named", "[shipping]") {
  const Workplace place;
  add_text(place, tiny_words());
  const auto run = json_of(place.laq(
      {"run", "words", "--method", "late", "model.norm=layer", "train.epochs=1", "--json"}));
  check_refusal(place.laq({"export", run["run_dir"], "--format", "onnx", "--out", "m.onnx"}), 1,
                {"cannot be exported to ONNX", "layer normalisation of 'lstm'", "--format"});
}

TEST_CASE("a file whose weights were changed does not pass for the run's", "[shipping]") {
  const Workplace place;
  const fs::path folder = trained(place, "lab", {});
  check_done(place.laq({"export", folder.string(), "--out", "m.safetensors"}));
  std::string bytes = read_file(place / "m.safetensors");
  // The last bytes are codes: of binary weights any are.
  for (std::size_t i = bytes.size() - 60; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(~bytes[i]);
  write_text(place / "m.safetensors", bytes);
  const Outcome outcome = place.laq({"evaluate", "m.safetensors"});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, Catch::Contains("not the recorded one"));
}

TEST_CASE("later methods are exported as they were trained", "[shipping]") {
  const Workplace place;
  for (const std::string method : {"absmean", "lsq3", "seq", "lq_nets3", "parq", "proxquant"}) {
    INFO(method);
    const fs::path folder = trained(place, method, {"train.epochs=2"});
    check_done(place.laq({"export", folder.string(), "--out", method + ".safetensors"}));
    const auto result = json_of(place.laq({"evaluate", method + ".safetensors", "--json"}));
    CHECK(result["difference"] == 0);
  }
}

TEST_CASE("weights that are not discrete yet are not exported", "[shipping]") {
  const Workplace place;
  {
    // Killed after one of its first epochs, whose weights are between full precision and ternary.
    Program program(place.call(
        {"run", "tiny", "--method", "parq", "train.epochs=1000", "model.hidden=[256, 256]"}));
    REQUIRE(program.wait_for_output("epoch "));
    program.send(SIGKILL);
    CHECK_THAT(program.finish().out, Catch::Contains("not discrete: "));
  }
  check_refusal(place.laq({"export", place.run_folder("parq").string(), "--out", "m.safetensors"}),
                1, {"are not discrete yet", "let the run go on"});
  CHECK_FALSE(fs::exists(place / "m.safetensors"));
}
