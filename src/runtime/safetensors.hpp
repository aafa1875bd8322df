#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "runtime/failure.hpp"

namespace laq::runtime {

/// A tensor of a file: its bytes, little-endian, row by row. They may lie at any address.
struct Tensor {
  std::string type;  ///< "U8", "F32", "F64" …
  std::vector<std::size_t> shape;
  std::span<const std::uint8_t> bytes;
};

/// The safetensors format: 8 bytes with the length of a JSON header, the header, the tensors.
/// https://github.com/huggingface/safetensors
class TensorFile {
 public:
  /// `bytes` must live as long as this. Failures: a header that is too long, no JSON, an unknown
  /// type, sizes and offsets that do not fit, tensors that overlap or leave a gap, bytes at the end
  /// that nobody owns.
  explicit TensorFile(std::span<const std::uint8_t> bytes);

  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Failure: there is none.
  const std::string& metadata(const std::string& key) const;
  /// Null when absent.
  const Tensor* find(const std::string& name) const;

  /// The values of an F32 or F64 tensor. Failures: missing, another type, another shape.
  std::vector<double> reals(const std::string& name, const std::vector<std::size_t>& shape,
                            Budget& budget) const;
  std::vector<float> floats(const std::string& name, const std::vector<std::size_t>& shape,
                            Budget& budget) const;
  /// The bytes of a tensor.
  std::span<const std::uint8_t> bytes(const std::string& name,
                                      const std::vector<std::size_t>& shape,
                                      const char* type = "U8") const;

 private:
  const Tensor& at(const std::string& name, const std::vector<std::size_t>& shape) const;
  template <typename T>
  std::vector<T> values(const std::string& name, const std::vector<std::size_t>& shape,
                        Budget& budget) const;

  std::map<std::string, std::string> metadata_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace laq::runtime
