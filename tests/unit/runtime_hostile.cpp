#include <catch2/catch.hpp>
#include <limits>

#include "runtime/model.hpp"
#include "support/packed_file.hpp"

using namespace laq;
using laq::test::PackedFile;
using laq::test::safetensors;

namespace {

// What opening the file says, or "" when it can be used.
std::string complaint(std::span<const std::uint8_t> bytes) {
  try {
    runtime::Model model(bytes, 1);
    return "";
  } catch (const runtime::Failure& failure) {
    return failure.what();
  }
}
std::string complaint(const PackedFile& file) {
  return complaint(file.bytes());
}

// Of a file in which something was changed.
template <typename Change>
std::string after(const Change& change) {
  PackedFile file;
  change(file);
  const std::string text = complaint(file);
  CHECK(text.find('\n') == text.npos);
  return text;
}

using Catch::Contains;

}  // namespace

TEST_CASE("a file as it was written can be used, and computes what its weights say") {
  const PackedFile file;
  REQUIRE(complaint(file) == "");
  runtime::Model model(file.bytes(), 1);
  const std::vector<float> input{0.5f, -1, 2, 0.25f, 3, -0.75f};
  std::vector<float> scores(3);
  REQUIRE(model.run(input.data(), 1, scores.data()) == LAQ_OK);
  const auto expected = test::outputs_of_packed_file(input);
  for (std::size_t i = 0; i < 3; ++i) CHECK(scores[i] == Approx(expected[i]).epsilon(1e-6));
  CHECK(model.describe().weights == 36);
  CHECK(model.read(nullptr, 0, scores.data()) == LAQ_WRONG_KIND);
}

TEST_CASE("files cut short or with bytes behind their end are refused") {
  auto bytes = PackedFile().bytes();
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
    INFO(size);
    CHECK(complaint(std::span(bytes).first(size)) != "");
  }
  bytes.push_back(0);
  CHECK_THAT(complaint(bytes), Contains("1 bytes at the file's end are of no tensor"));
}

TEST_CASE("a header's length that is wrong is refused") {
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    auto bytes = PackedFile().bytes();
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(length >> (8 * i));
    INFO(length);
    CHECK_THAT(complaint(bytes), Contains("length") || Contains("JSON"));
  }
}

TEST_CASE("offsets, shapes and types that do not fit are refused") {
  const auto offsets = [](const std::string& name, std::uint64_t begin, std::uint64_t end) {
    return after([&](PackedFile& file) { file.header[name]["data_offsets"] = {begin, end}; });
  };
  CHECK_THAT(offsets("norm.add", 8, 4), Contains("'norm.add'") && Contains("data_offsets"));
  CHECK_THAT(offsets("norm.add", 0, ~std::uint64_t{0}), Contains("truncated"));
  CHECK_THAT(offsets("norm.add", 0, 16), Contains("overlap"));
  CHECK_THAT(after([](PackedFile& file) { file.header["norm.add"]["shape"] = {5}; }),
             Contains("hold 16 bytes, its shape [5] needs 20"));
  CHECK_THAT(after([](PackedFile& file) {
               const std::uint64_t half = std::uint64_t{1} << 33;
               file.header["norm.add"]["shape"] = {half, half};
             }),
             Contains("does not fit into 64 bits"));
  CHECK_THAT(after([](PackedFile& file) { file.header["norm.add"]["shape"] = {-4}; }),
             Contains("not a whole number"));
  CHECK_THAT(after([](PackedFile& file) { file.header["norm.add"]["shape"] = {4.0}; }),
             Contains("not a whole number"));
  CHECK_THAT(after([](PackedFile& file) { file.header["norm.add"]["dtype"] = "F33"; }),
             Contains("'F33'"));
  CHECK_THAT(after([](PackedFile& file) { file.header["norm.add"]["dtype"] = "I32"; }),
             Contains("expected F32"));
  CHECK_THAT(after([](PackedFile& file) { file.header.erase("norm.add"); }),
             Contains("no tensor owns"));
  CHECK_THAT(after([](PackedFile& file) { file.header["gap"] = 3; }), Contains("JSON object"));
}

TEST_CASE("bits, levels, scales and codes that do not fit are refused") {
  const auto packed = [](const char* key, const nlohmann::json& value) {
    return after([&](PackedFile& file) {
      auto list = file.metadata("packed");
      list["first.weight"][key] = value;
      file.set_metadata("packed", list);
    });
  };
  CHECK_THAT(packed("bits", 0), Contains("'bits' is 0"));
  CHECK_THAT(packed("bits", 9), Contains("'bits' is 9"));
  CHECK_THAT(packed("bits", 3), Contains("shape"));
  CHECK_THAT(packed("bits", 1), Contains("shape"));
  CHECK_THAT(packed("shape", {6, 4}), Contains("not what the network needs"));
  CHECK_THAT(after([](PackedFile& file) { file.data[file.data.size() - 4] = '\xff'; }),
             Contains("code 3") && Contains("levels for 3"));
  CHECK_THAT(after([](PackedFile& file) {
               file.header["second.weight.scales"]["shape"] = {1, 3};
             }),
             Contains("wrong shape"));
  CHECK_THAT(after([](PackedFile& file) {
               const double nan = std::numeric_limits<double>::quiet_NaN();
               std::memcpy(file.data.data(), &nan, sizeof nan);
             }),
             Contains("not finite"));
}

TEST_CASE("a whitening that does not fit is refused") {
  const auto whitened = [](std::vector<float> triangle, const char* type = "F32") {
    return after([&](PackedFile& file) {
      file.set_metadata("preprocessing", {{"kind", "gcn_zca"}});
      file.add<double>("preprocessing.contrast", "F64", {1, 0}, {2});
      file.add("preprocessing.mean", "F32", std::vector<float>(6), {6});
      file.add("preprocessing.whitening", type, triangle, {triangle.size()});
    });
  };
  std::vector<float> triangle(21, 1.0f);
  CHECK(whitened(triangle) == "");
  CHECK_THAT(whitened(triangle, "I32"), Contains("is I32, expected F32"));
  CHECK_THAT(whitened(std::vector<float>(20)), Contains("[20], expected [21]"));
  for (const std::size_t at : {0u, 7u, 20u}) {
    auto spoilt = triangle;
    spoilt[at] = -std::numeric_limits<float>::infinity();
    CHECK_THAT(whitened(spoilt), Contains("the whitening matrix has a value that is not finite"));
  }
}

TEST_CASE("networks that do not hold together are refused") {
  const auto network = [](const auto& change) {
    return after([&](PackedFile& file) {
      auto json = file.metadata("network");
      change(json);
      file.set_metadata("network", json);
    });
  };
  using Json = nlohmann::json;
  CHECK_THAT(network([](Json& json) { json["layers"][1]["kind"] = "dance"; }), Contains("'dance'"));
  CHECK_THAT(network([](Json& json) { json["layers"][1]["inputs"] = 7; }),
             Contains("does not fit the input of 6 units"));
  CHECK_THAT(network([](Json& json) { json["layers"][1]["name"] = "absent"; }),
             Contains("'absent.weight'"));
  CHECK_THAT(network([](Json& json) { json["layers"] = Json::array(); }), Contains("no layers"));
  CHECK_THAT(network([](Json& json) { json["layers"] = 3; }), Contains("list"));
  CHECK_THAT(network([](Json& json) { json["outputs"] = 4; }), Contains("'outputs'"));
  CHECK_THAT(network([](Json& json) { json["input"]["kind"] = "sound"; }), Contains("'sound'"));
  CHECK_THAT(network([](Json& json) { json["input"]["height"] = 1 << 30; }), Contains("bytes"));
  CHECK_THAT(network([](Json& json) {
               json["layers"][0] = {{"kind", "one_hot"}, {"size", 6}};
             }),
             Contains("needs characters"));
  CHECK_THAT(network([](Json& json) {
               json["layers"].insert(json["layers"].begin() + 1, Json{{"kind", "residual"}});
             }),
             Contains("'layers' is missing"));
}

TEST_CASE("a convolution or a residual of absurd sizes takes no memory") {
  const auto layer = [](const nlohmann::json& first) {
    return after([&](PackedFile& file) {
      auto json = file.metadata("network");
      json["layers"].insert(json["layers"].begin(), first);
      file.set_metadata("network", json);
    });
  };
  CHECK_THAT(layer({{"kind", "conv"},
                    {"name", "c"},
                    {"inputs", 1},
                    {"outputs", 1 << 30},
                    {"kernel", 1 << 29},
                    {"padding", 1 << 28}}),
             Contains("bytes") || Contains("does not fit"));
  const nlohmann::json conv{
      {"kind", "conv"}, {"name", "c"}, {"inputs", 1}, {"outputs", 3}, {"kernel", 1}};
  const auto in_groups = [&](int groups) {
    nlohmann::json with = conv;
    with["groups"] = groups;
    return layer(with);
  };
  CHECK_THAT(in_groups(0), Contains("'groups' is 0"));
  CHECK_THAT(in_groups(2), Contains("'groups' does not fit"));
  CHECK_THAT(layer({{"kind", "layer_norm"}, {"name", "n"}, {"units", 5}, {"epsilon", 1e-5}}),
             Contains("'units' does not fit"));
  CHECK_THAT(layer({{"kind", "layer_norm"}, {"name", "n"}, {"units", 6}, {"epsilon", -1.0}}),
             Contains("'epsilon' is not from"));
  CHECK_THAT(layer({{"kind", "layer_norm"}, {"name", "n"}, {"units", 6}, {"epsilon", "x"}}),
             Contains("'epsilon' is not a number"));
  CHECK_THAT(layer({{"kind", "max_pool"}, {"window", 0}}), Contains("'window' is 0"));
  CHECK_THAT(layer({{"kind", "max_pool"}, {"window", 4}}), Contains("does not fit"));
  CHECK_THAT(layer({{"kind", "mean_pool"}, {"window", 1}, {"stride", 0}}), Contains("'stride'"));
}

TEST_CASE("JSON that is made to take memory or the stack is refused") {
  CHECK_THAT(complaint(safetensors(std::string(100'000, '['), "")), Contains("nested too deeply"));
  std::string many = "{\"__metadata__\":{},\"a\":[";
  for (int i = 0; i < 100'000; ++i) many += "{},";
  CHECK_THAT(complaint(safetensors(many + "{}]}", "")), Contains("too many values"));
  CHECK_THAT(complaint(safetensors("{\"a\":{},\"a\":{}}", "")), Contains("'a' twice"));
  CHECK_THAT(complaint(safetensors("[]", "")), Contains("not a JSON object"));
  CHECK_THAT(complaint(safetensors("{\"a\":1e999}", "")), Contains("JSON"));
  CHECK_THAT(after([](PackedFile& file) {
               file.header["__metadata__"]["network"] = std::string(5000, '[');
             }),
             Contains("the network is nested too deeply"));
  CHECK_THAT(after([](PackedFile& file) { file.header["__metadata__"]["format"] = "laq 2"; }),
             Contains("'laq 2'"));
  CHECK_THAT(after([](PackedFile& file) { file.header["__metadata__"].erase("packed"); }),
             Contains("'packed'"));
}

TEST_CASE("the C interface tells why a file cannot be used") {
  char error[200];
  CHECK(laq_open("nowhere.safetensors", 1, error, sizeof error) == nullptr);
  CHECK_THAT(error, Contains("No such file"));
  CHECK(laq_open("/", 1, error, sizeof error) == nullptr);
  CHECK(laq_open("nowhere.safetensors", 0, error, sizeof error) == nullptr);
  CHECK(laq_open(nullptr, 1, nullptr, 0) == nullptr);
  char little[4];
  CHECK(laq_open("nowhere.safetensors", 1, little, sizeof little) == nullptr);
  CHECK(std::string(little).size() == 3);
  CHECK(laq_run(nullptr, nullptr, 1, nullptr) == LAQ_BAD_ARGUMENT);
  laq_close(nullptr);
  laq_reset(nullptr);
}
