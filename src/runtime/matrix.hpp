#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/kernels.hpp"
#include "runtime/safetensors.hpp"
#include "runtime/threads.hpp"

namespace laq::runtime {

/// Memory that the layers of a model use one after the other.
using Scratch = std::vector<float>;

/// A weight matrix (outputs × inputs) as it lies in memory, by panels of 16 rows.
class Matrix {
 public:
  virtual ~Matrix() = default;

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::size_t panels() const { return (rows_ + kLanes - 1) / kLanes; }
  /// How many floats the input of `multiply` has: beyond the columns zeros.
  virtual std::size_t padded_columns() const { return columns_; }
  /// What `multiply` needs of scratch memory, in floats.
  virtual std::size_t scratch() const { return 0; }
  virtual std::size_t bytes() const = 0;

  /// out = W x.
  virtual void multiply(const float* x, float* out, Scratch& scratch, Pool& pool) const = 0;
  /// out[row] = W[row][column].
  virtual void column(std::size_t column, float* out) const = 0;
  /// What `panel` needs of memory, in floats.
  virtual std::size_t panel_floats() const = 0;
  /// The weights of a panel, columns × 16: in `scratch`, or where they lie.
  virtual const float* panel(std::size_t panel, float* scratch) const = 0;

 protected:
  Matrix(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns) {}

 private:
  std::size_t rows_, columns_;
};

/// Of float32 values, row by row.
std::unique_ptr<Matrix> float_matrix(const std::vector<float>& values, std::size_t rows,
                                     std::size_t columns, Budget& budget);

/// A symmetric matrix from the bytes of its upper triangle in float32, row by row. Failure: a value
/// that is not finite.
std::unique_ptr<Matrix> symmetric_matrix(std::span<const std::uint8_t> triangle, std::size_t size,
                                         Budget& budget);

/// How a weight is packed in a file: codes (U8, each row `bits` to a code, lowest bit first, filled
/// up to a byte), and ŵ = scale · level. `levels` of each code: one list, or one for each group of
/// rows; `scales`: groups × 1, or × 2 for levels > 0 and < 0, or none (1).
struct Packed {
  std::size_t rows = 0, columns = 0, bits = 0, level_count = 0, groups = 1, scale_count = 0;
  std::span<const std::uint8_t> codes = {};
  std::vector<double> levels = {};  ///< level_count, or groups × level_count
  std::vector<double> scales = {};

  std::size_t row_bytes() const { return (columns * bits + 7) / 8; }
  bool levels_by_group() const { return levels.size() > level_count; }
  std::size_t group_of(std::size_t row) const { return row / (rows / groups); }
  double level(std::size_t group, std::size_t code) const {
    return levels[levels_by_group() ? group * level_count + code : code];
  }
  double scale(std::size_t group, bool negative) const {
    if (scale_count == 0) return 1;
    return scales[group * scale_count + (negative ? scale_count - 1 : 0)];
  }
};

/// The tensors NAME.codes, NAME.levels and NAME.scales. `shape`: of the weight; its first dimension
/// are the rows. Failures: missing, sizes that do not fit.
Packed read_packed(const TensorFile& file, const std::string& name,
                   const std::vector<std::size_t>& shape, std::size_t bits, Budget& budget);

/// ŵ of one row, as float32. Failure: a code without a level.
void unpack_row(const Packed& packed, std::size_t row, float* out);

/// Takes the columns in the order of `order`, when it has any. Failure: a code without a level.
std::unique_ptr<Matrix> packed_matrix(const Packed& packed, const std::vector<std::uint32_t>& order,
                                      const std::string& name, Budget& budget);

}  // namespace laq::runtime
