#include "support/packed_file.hpp"

#include <algorithm>

namespace laq::test {
namespace {

// Codes 0, 1, 2 are −1, 0, 1.
constexpr int kFirst[4][6] = {
    {0, 1, 2, 2, 1, 0}, {2, 2, 2, 0, 0, 0}, {1, 1, 1, 1, 2, 2}, {0, 2, 0, 2, 0, 2}};
constexpr double kFirstScale = 0.5;
// Codes 0 and 1 are −1 and 1; each row has a scale.
constexpr int kSecond[3][4] = {{0, 1, 1, 0}, {1, 1, 1, 1}, {0, 0, 1, 1}};
constexpr float kSecondScale[3] = {0.25f, 1.5f, 2};
const std::vector<float> kMultiply{1, 2, -1, 0.5f}, kAdd{0.125f, 0, 1, -0.25f},
    kBias{0.5f, -0.5f, 0};

template <std::size_t Rows, std::size_t Columns>
std::vector<std::uint8_t> pack(const int (&codes)[Rows][Columns], std::size_t bits) {
  const std::size_t row_bytes = (Columns * bits + 7) / 8;
  std::vector<std::uint8_t> bytes(Rows * row_bytes);
  for (std::size_t r = 0; r < Rows; ++r) {
    for (std::size_t i = 0; i < Columns; ++i)
      bytes[r * row_bytes + i * bits / 8] |=
          static_cast<std::uint8_t>(codes[r][i] << (i * bits % 8));
  }
  return bytes;
}

}  // namespace

PackedFile::PackedFile() {
  add<double>("first.weight.levels", "F64", {-1, 0, 1}, {3});
  add<double>("first.weight.scales", "F64", {kFirstScale}, {1, 1});
  add<double>("second.weight.levels", "F64", {-1, 1}, {2});
  add<float>("second.weight.scales", "F32", {kSecondScale[0], kSecondScale[1], kSecondScale[2]},
             {3, 1});
  add("norm.multiply", "F32", kMultiply, {4});
  add("norm.add", "F32", kAdd, {4});
  add("second.bias", "F32", kBias, {3});
  add("first.weight.codes", "U8", pack(kFirst, 2), {4, 2});
  add("second.weight.codes", "U8", pack(kSecond, 1), {3, 1});
  header["__metadata__"] = {{"format", "laq 1"}};
  set_metadata("network",
               {{"input", {{"kind", "picture"}, {"channels", 1}, {"height", 2}, {"width", 3}}},
                {"outputs", 3},
                {"layers",
                 {{{"kind", "flatten"}},
                  {{"kind", "dense"}, {"name", "first"}, {"inputs", 6}, {"outputs", 4}},
                  {{"kind", "scale_shift"}, {"name", "norm"}, {"units", 4}},
                  {{"kind", "relu"}},
                  {{"kind", "dense"}, {"name", "second"}, {"inputs", 4}, {"outputs", 3}}}}});
  set_metadata("packed", {{"first.weight", {{"shape", {4, 6}}, {"bits", 2}}},
                          {"second.weight", {{"shape", {3, 4}}, {"bits", 1}}}});
  set_metadata("preprocessing", {{"kind", "none"}});
}

std::vector<std::uint8_t> PackedFile::bytes() const {
  return safetensors(header.dump(), data);
}

nlohmann::json PackedFile::metadata(const std::string& key) const {
  return nlohmann::json::parse(header.at("__metadata__").at(key).get<std::string>());
}

void PackedFile::set_metadata(const std::string& key, const nlohmann::json& value) {
  header["__metadata__"][key] = value.dump();
}

std::vector<double> outputs_of_packed_file(const std::vector<float>& input) {
  double hidden[4];
  for (std::size_t r = 0; r < 4; ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < 6; ++i)
      sum += kFirstScale * (kFirst[r][i] - 1) * static_cast<double>(input[i]);
    const double value = static_cast<double>(kMultiply[r]) * sum + static_cast<double>(kAdd[r]);
    hidden[r] = std::max(0.0, value);
  }
  std::vector<double> out;
  for (std::size_t r = 0; r < 3; ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += (2 * kSecond[r][i] - 1) * hidden[i];
    out.push_back(static_cast<double>(kSecondScale[r]) * sum + static_cast<double>(kBias[r]));
  }
  return out;
}

std::vector<std::uint8_t> safetensors(const std::string& header, const std::string& data) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < 8; ++i)
    bytes.push_back(static_cast<std::uint8_t>(header.size() >> (8 * i) & 255));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

}  // namespace laq::test
