#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "deploy/tensor_file.hpp"
#include "nn/char_lstm.hpp"
#include "runtime/model.hpp"
#include "support/network_pair.hpp"
#include "support/scratch.hpp"

using namespace laq;

namespace {

const std::filesystem::path kConfigs = "configs";

// Largest difference, as a fraction of the largest output.
double apart(const at::Tensor& expected, const std::vector<float>& found) {
  const at::Tensor ours =
      at::from_blob(const_cast<float*>(found.data()), expected.sizes(), at::kFloat);
  return ((expected - ours).abs().max() / expected.abs().max()).item<double>();
}
constexpr double kMostApart = 1e-5;

// A network of layers whose float weights are drawn.
class Layers {
 public:
  Layers(nlohmann::json input, nlohmann::json layers, std::int64_t outputs) {
    file_.say("format", "laq 1");
    file_.say("network",
              nlohmann::json{{"input", input}, {"layers", layers}, {"outputs", outputs}}.dump());
    file_.say("packed", "{}");
    file_.say("preprocessing", R"({"kind": "outside"})");
  }
  at::Tensor draw(const std::string& name, std::vector<std::int64_t> shape) {
    const at::Tensor tensor = at::randn(shape) * 0.5;
    file_.add<float>(name, {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())},
                     {shape.begin(), shape.end()});
    return tensor;
  }
  void vocabulary(std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>('a' + i);
    file_.add<std::uint8_t>("vocabulary", bytes, {size});
  }
  std::unique_ptr<runtime::Model> model(const test::Scratch& scratch, int threads = 1) const {
    const auto path = scratch / "layers.safetensors";
    file_.write(path);
    return std::make_unique<runtime::Model>(runtime::content_of(path.string()), threads);
  }

 private:
  deploy::TensorFile file_;
};

}  // namespace

TEST_CASE("exported networks compute as LibTorch does") {
  const at::NoGradGuard no_gradient;
  const test::Scratch scratch;
  struct Wanted {
    std::string model, method;
    nn::Shape shape;
  };
  const auto wanted =
      GENERATE(Wanted{"{kind: mlp, hidden: [50, 33]}", "late", {{1, 5, 7}, 10}},
               Wanted{"{kind: mlp, hidden: [64], output_norm: false}", "lab", {{3, 4, 4}, 5}},
               Wanted{"{kind: vgg, width: 8, dense: [24]}", "late", {{3, 16, 16}, 10}},
               Wanted{"{kind: vgg, width: 20, dense: [24, 20]}", "laq3_log", {{1, 11, 9}, 3}},
               Wanted{"{kind: vgg, width: 6, dense: [24]}", "laq3_log_rows", {{3, 8, 8}, 10}},
               Wanted{"{kind: vgg, width: 5, dense: [24]}", "full", {{3, 8, 8}, 10}});
  const int threads = GENERATE(1, 3);
  const auto pair = test::make_network_pair(kConfigs, {wanted.model, wanted.method, wanted.shape},
                                            scratch.path());
  const deploy::PackedModel packed(pair.file, threads);
  std::vector<std::int64_t> sizes = wanted.shape.input;
  sizes.insert(sizes.begin(), 3);
  const at::Tensor input = at::randn(sizes);
  std::vector<float> scores(static_cast<std::size_t>(3 * wanted.shape.outputs));
  REQUIRE(laq_run(packed.get(), input.data_ptr<float>(), 3, scores.data()) == LAQ_OK);
  INFO(wanted.model << " " << wanted.method);
  CHECK(apart(pair.model->forward(input), scores) < kMostApart);
}

TEST_CASE("an exported LSTM reads as LibTorch's does") {
  const at::NoGradGuard no_gradient;
  const test::Scratch scratch;
  const std::string method = GENERATE("late", "lat2e", "laq3_linear", "full");
  const auto pair = test::make_network_pair(
      kConfigs, {"{kind: char_lstm, units: 40}", method, {{}, 20}}, scratch.path());
  const deploy::PackedModel packed(pair.file, 1);
  const at::Tensor codes = at::randint(20, {30, 1}, at::kLong);
  const at::Tensor expected = pair.model->forward(codes);
  std::vector<float> scores(20);
  for (int i = 0; i < 30; ++i) {
    const auto character = static_cast<std::uint8_t>(' ' + codes[i][0].item<std::int64_t>());
    REQUIRE(laq_read(packed.get(), &character, 1, scores.data()) == LAQ_OK);
    REQUIRE(apart(expected[i], scores) < kMostApart);
  }
  laq_reset(packed.get());
  const auto first = static_cast<std::uint8_t>(' ' + codes[0][0].item<std::int64_t>());
  REQUIRE(laq_read(packed.get(), &first, 1, scores.data()) == LAQ_OK);
  CHECK(apart(expected[0], scores) < kMostApart);
  const std::uint8_t unknown = '\n';
  CHECK(laq_read(packed.get(), &unknown, 1, scores.data()) == LAQ_BAD_ARGUMENT);
}

TEST_CASE("layers of pictures compute as LibTorch's") {
  at::manual_seed(3);
  const test::Scratch scratch;
  Layers layers(
      {{"kind", "picture"}, {"channels", 3}, {"height", 13}, {"width", 11}},
      {{{"kind", "conv"},
        {"name", "a"},
        {"inputs", 3},
        {"outputs", 18},
        {"kernel", 5},
        {"stride", 2},
        {"padding", 2}},
       {{"kind", "tanh"}},
       {{"kind", "residual"},
        {"layers",
         {{{"kind", "conv"},
           {"name", "b"},
           {"inputs", 18},
           {"outputs", 7},
           {"kernel", 3},
           {"padding", 1}},
          {{"kind", "scale_shift"}, {"name", "n"}, {"units", 7}}}},
        {"shortcut",
         {{{"kind", "conv"}, {"name", "c"}, {"inputs", 18}, {"outputs", 7}, {"kernel", 1}}}}},
       {{"kind", "residual"}, {"layers", {{{"kind", "relu"}}}}},
       {{"kind", "mean_pool"}, {"window", 2}},
       {{"kind", "max_pool"}, {"window", 2}, {"stride", 1}},
       {{"kind", "flatten"}},
       {{"kind", "dense"}, {"name", "d"}, {"inputs", 28}, {"outputs", 5}}},
      5);
  const at::Tensor a = layers.draw("a.weight", {18, 3, 5, 5}), a_bias = layers.draw("a.bias", {18}),
                   b = layers.draw("b.weight", {7, 18, 3, 3}),
                   factor = layers.draw("n.multiply", {7}), summand = layers.draw("n.add", {7}),
                   c = layers.draw("c.weight", {7, 18, 1, 1}), d = layers.draw("d.weight", {5, 28}),
                   d_bias = layers.draw("d.bias", {5});
  const at::Tensor input = at::randn({1, 3, 13, 11});
  at::Tensor x = at::conv2d(input, a, a_bias, 2, 2).tanh();
  x = at::conv2d(x, b, {}, 1, 1) * factor.view({1, 7, 1, 1}) + summand.view({1, 7, 1, 1}) +
      at::conv2d(x, c);
  x = x + x.relu();
  x = at::max_pool2d(at::avg_pool2d(x, 2), 2, 1);
  const at::Tensor expected = at::linear(x.flatten(1), d, d_bias)[0];
  std::vector<float> scores(5);
  const auto model = layers.model(scratch, 2);
  REQUIRE(model->run(input.data_ptr<float>(), 1, scores.data()) == LAQ_OK);
  CHECK(apart(expected, scores) < kMostApart);
}

TEST_CASE("a NaN stays one, as in LibTorch") {
  const test::Scratch scratch;
  for (const char* kind : {"relu", "max_pool", "mean_pool", "tanh", "hardtanh"}) {
    INFO(kind);
    nlohmann::json layer = {{"kind", kind}};
    if (std::string(kind).ends_with("pool")) layer["window"] = 2;
    const bool pool = layer.contains("window");
    Layers layers({{"kind", "picture"}, {"channels", 1}, {"height", 2}, {"width", 2}},
                  {layer, {{"kind", "flatten"}}}, pool ? 1 : 4);
    const auto model = layers.model(scratch);
    for (std::size_t at = 0; at < 4; ++at) {
      std::vector<float> input{1, -1, 2, -2}, scores(pool ? 1 : 4);
      input[at] = std::nanf("");
      REQUIRE(model->run(input.data(), 1, scores.data()) == LAQ_OK);
      CHECK(std::isnan(scores[pool ? 0 : at]));
    }
  }
}

TEST_CASE("an embedding and a GRU compute as LibTorch's") {
  at::manual_seed(4);
  const test::Scratch scratch;
  Layers layers({{"kind", "characters"}, {"size", 18}},
                {{{"kind", "embedding"}, {"name", "e"}, {"inputs", 18}, {"outputs", 9}},
                 {{"kind", "gru"}, {"name", "g"}, {"inputs", 9}, {"units", 12}},
                 {{"kind", "dense"}, {"name", "d"}, {"inputs", 12}, {"outputs", 18}}},
                18);
  layers.vocabulary(18);
  const at::Tensor e = layers.draw("e.weight", {18, 9}),
                   by_input = layers.draw("g.weight_ih", {36, 9}),
                   by_state = layers.draw("g.weight_hh", {36, 12}),
                   input_bias = layers.draw("g.bias_ih", {36}),
                   state_bias = layers.draw("g.bias_hh", {36}),
                   d = layers.draw("d.weight", {18, 12});
  const auto model = layers.model(scratch);
  at::Tensor hidden = at::zeros({1, 12});
  std::vector<float> scores(18);
  for (const int code : {3, 17, 0, 5}) {
    hidden = at::gru_cell(e[code].unsqueeze(0), hidden, by_input, by_state, input_bias, state_bias);
    const auto character = static_cast<std::uint8_t>('a' + code);
    REQUIRE(model->read(&character, 1, scores.data()) == LAQ_OK);
    CHECK(apart(at::linear(hidden, d)[0], scores) < kMostApart);
  }
}
