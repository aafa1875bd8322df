#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace laq::test {

/// A model's file that can be spoiled before it is put together: a network of 6 pixels, 4 ternary
/// units with batch norm, 3 binary ones.
struct PackedFile {
  nlohmann::json header;
  std::string data;

  PackedFile();
  /// With the header's length in front.
  std::vector<std::uint8_t> bytes() const;
  /// A text of the metadata as JSON, and back.
  nlohmann::json metadata(const std::string& key) const;
  void set_metadata(const std::string& key, const nlohmann::json& value);
  /// Adds a tensor at the end of the data.
  template <typename T>
  void add(const std::string& name, const char* type, const std::vector<T>& values,
           const std::vector<std::size_t>& shape) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    header[name] = {{"dtype", type}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
  }
};

/// The same network's outputs, computed from its float weights in double precision.
std::vector<double> outputs_of_packed_file(const std::vector<float>& input);

/// Puts a header's length, a header and tensors together.
std::vector<std::uint8_t> safetensors(const std::string& header, const std::string& data);

}  // namespace laq::test
