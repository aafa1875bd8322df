
#include "analysis/model_size.hpp"
#include "analysis_support.hpp"
#include "nn/model.hpp"
#include "support/catch.hpp"
#include "train/experiment.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

ModelSize size_of(const std::string& experiment, const std::string& method,
                  const std::vector<std::string>& words = {}) {
  train::RunRequest request{experiment, method, "paper", 1, {}};
  for (const auto& word : words) request.overrides.push_back(config::parse_override(word));
  return model_size(train::resolve(configs(), request));
}

}  // namespace

TEST_CASE("a code takes as many bits as its levels need") {
  const std::vector<std::pair<std::string, int>> bits = {
      {"full", 32},    {"binaryconnect", 1}, {"bwn", 1},      {"lab", 1},     {"twn", 2},
      {"late", 2},     {"lata", 2},          {"ttq", 2},      {"lat2e", 2},   {"lat2a", 2},
      {"dorefa3", 3},  {"laq3_linear", 3},   {"laq3_log", 3}, {"dorefa4", 4}, {"laq4_linear", 4},
      {"laq4_log", 4}, {"seq", 2},           {"lsq2", 2},     {"lq_nets3", 3}};
  for (const auto& [method, expected] : bits) {
    INFO(method);
    CHECK(size_of("mnist", method).bits == expected);
  }
  CHECK(size_of("mnist", "laq3_log", {"quantizer.bits=8"}).bits == 8);
}

TEST_CASE("the weights of the paper's networks in bytes, by hand") {
  const double mnist = 784 * 2048 + 2 * 2048 * 2048 + 2048 * 10;
  const ModelSize full = size_of("mnist", "full");
  CHECK(full.bytes() == 4 * mnist);
  CHECK(full.compression() == 1);
  const ModelSize late = size_of("mnist", "late");
  CHECK(late.bytes() == mnist / 4 + 4 * 4);  // four layers, one scale each
  CHECK(late.compression() == Approx(16).epsilon(1e-5));
  CHECK(size_of("mnist", "lat2e").scales == 8);
  CHECK(size_of("mnist", "late", {"quantizer.group=row"}).scales == 3 * 2048 + 10);

  // Four gates of input and of recurrent weights; the output layer is not quantized.
  const ModelSize lstm = size_of("war_and_peace", "lab");
  CHECK(lstm.weights == 4 * 512 * (512 + 87));
  CHECK(lstm.scales == 8);
  CHECK(size_of("war_and_peace", "lab", {"quantizer.group=row"}).scales == 8 * 512);
  CHECK(lstm.bytes() == lstm.weights / 8 + 32);
}

TEST_CASE("the counts are those of the network that is made") {
  for (const std::string experiment : {"mnist", "cifar10", "war_and_peace"}) {
    INFO(experiment);
    train::RunRequest request{experiment, "late", "quick", 1, {}};
    const train::Run run = train::resolve(configs(), request);
    config::Reader section(run.tree.find("model"), "model");
    const auto model = nn::make_model(section, {run.dataset.shape, run.dataset.classes}, 1);
    double weights = 0, blocks = 0, rows = 0;
    for (const auto& layer : model->layers()) {
      if (!layer.quantizable) continue;
      weights += static_cast<double>(layer.tensor.numel());
      blocks += static_cast<double>(layer.blocks);
      rows += static_cast<double>(layer.tensor.size(0));
    }
    const nn::Size size = nn::model_size(section, {run.dataset.shape, run.dataset.classes});
    CHECK(size.weights == weights);
    CHECK(size.blocks == blocks);
    CHECK(size.rows == rows);
  }
}
