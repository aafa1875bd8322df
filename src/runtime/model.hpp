#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "runtime/block.hpp"
#include "runtime/laq.h"
#include "runtime/layers.hpp"
#include "runtime/preprocessing.hpp"

namespace laq::runtime {

/// A network made from a file: what is behind the C interface.
class Model {
 public:
  /// `bytes` may go afterwards. Failures: whatever is wrong with the file.
  Model(std::span<const std::uint8_t> bytes, int threads);

  laq_info describe() const;
  int prepare(const std::uint8_t* pixels, std::size_t rows, float* prepared);
  int run(const float* input, std::size_t rows, float* scores);
  int read(const std::uint8_t* characters, std::size_t count, float* scores);
  void reset();

 private:
  void load(const TensorFile& file);

  Pool pool_;
  Budget budget_;
  Scratch scratch_;
  Form in_;
  std::unique_ptr<Sequence> network_;
  std::optional<Preprocessing> preprocessing_;
  std::vector<float> input_, scores_;
  std::string vocabulary_, metadata_;
  std::int16_t code_of_[256];
  std::size_t outputs_ = 0, weights_ = 0, packed_bytes_ = 0;
};

/// Bytes of a file.
struct Bytes {
  Block<std::uint8_t> values;
  std::size_t size = 0;
  operator std::span<const std::uint8_t>() const { return {values.get(), size}; }
};
/// The whole content of a file. Failure: it cannot be read.
Bytes content_of(const std::string& file);

}  // namespace laq::runtime
