#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/block.hpp"
#include "runtime/matrix.hpp"

namespace laq::runtime {
namespace {

class FloatMatrix : public Matrix {
 public:
  FloatMatrix(const std::vector<float>& values, std::size_t rows, std::size_t columns,
              Budget& budget)
      : Matrix(rows, columns) {
    budget.take(times(panels(), columns), kLanes * sizeof(float), "weights");
    values_ = block<float>(count());
    std::fill_n(values_.get(), count(), 0.0f);
    for (std::size_t r = 0; r < rows; ++r) {
      float* to = values_.get() + r / kLanes * columns * kLanes + r % kLanes;
      for (std::size_t i = 0; i < columns; ++i) to[i * kLanes] = values[r * columns + i];
    }
  }

  // Of the upper triangle of a symmetric matrix. Tiles of 16 × 16 are read once and written where
  // they belong on both sides of the diagonal.
  FloatMatrix(std::span<const std::uint8_t> triangle, std::size_t size, Budget& budget)
      : Matrix(size, size) {
    budget.take(times(panels(), size), kLanes * sizeof(float), "the whitening matrix");
    values_ = block<float>(count());
    const auto row = [&](std::size_t i) {  // element [i][j] of the matrix is the jth from here
      return triangle.data() + ((i * (2 * size - i + 1) / 2) - i) * sizeof(float);
    };
    bool finite = true;
    for (std::size_t a = 0; a < panels(); ++a) {
      const std::size_t above = a * kLanes, height = std::min(kLanes, size - above);
      for (std::size_t b = a; b < panels(); ++b) {
        const std::size_t left = b * kLanes, width = std::min(kLanes, size - left);
        float tile[kLanes][kLanes] = {};
        for (std::size_t i = 0; i < height; ++i) {
          const std::size_t first = a == b ? i : 0;
          std::memcpy(tile[i] + first, row(above + i) + (left + first) * sizeof(float),
                      (width - first) * sizeof(float));
          for (std::size_t j = 0; j < first; ++j) tile[i][j] = tile[j][i];
        }
        for (const auto& values : tile) {
          for (const float value : values)
            finite = finite && std::abs(value) <= std::numeric_limits<float>::max();
        }
        for (std::size_t i = 0; i < height; ++i)
          std::copy_n(tile[i], kLanes, values_.get() + (b * size + above + i) * kLanes);
        if (a == b) continue;
        float* to = values_.get() + (a * size + left) * kLanes;
        for (std::size_t j = 0; j < width; ++j) {
          for (std::size_t i = 0; i < kLanes; ++i) *to++ = tile[i][j];
        }
      }
    }
    if (!finite) throw Failure("the whitening matrix has a value that is not finite");
  }

  std::size_t bytes() const override { return count() * sizeof(float); }
  std::size_t panel_floats() const override { return 0; }
  const float* panel(std::size_t panel, float*) const override {
    return values_.get() + panel * columns() * kLanes;
  }

  void multiply(const float* x, float* out, Scratch&, Pool& pool) const override {
    pool.run([&](std::size_t thread, std::size_t threads) {
      const std::size_t each = ((panels() + threads - 1) / threads + 1) / 2 * 2;
      const std::size_t end = std::min(panels(), (thread + 1) * each);
      for (std::size_t p = std::min(panels(), thread * each); p < end; p += 2) {
        const std::size_t two = std::min<std::size_t>(2, end - p);
        float sums[2 * kLanes];
        kernels().tile(&x, 1, 1, columns(), 0, panel(p, nullptr), two, columns() * kLanes, sums);
        std::copy_n(sums, std::min(two * kLanes, rows() - p * kLanes), out + p * kLanes);
      }
    });
  }

  void column(std::size_t column, float* out) const override {
    for (std::size_t r = 0; r < rows(); ++r)
      out[r] = values_[(r / kLanes * columns() + column) * kLanes + r % kLanes];
  }

 private:
  std::size_t count() const { return panels() * columns() * kLanes; }

  Block<float> values_;
};

}  // namespace

std::unique_ptr<Matrix> float_matrix(const std::vector<float>& values, std::size_t rows,
                                     std::size_t columns, Budget& budget) {
  return std::make_unique<FloatMatrix>(values, rows, columns, budget);
}

std::unique_ptr<Matrix> symmetric_matrix(std::span<const std::uint8_t> triangle, std::size_t size,
                                         Budget& budget) {
  return std::make_unique<FloatMatrix>(triangle, size, budget);
}

}  // namespace laq::runtime
