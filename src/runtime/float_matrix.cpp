#include <algorithm>

#include "runtime/matrix.hpp"

namespace laq::runtime {
namespace {

class FloatMatrix : public Matrix {
 public:
  FloatMatrix(const std::vector<float>& values, std::size_t rows, std::size_t columns,
              Budget& budget)
      : Matrix(rows, columns) {
    budget.take(times(panels(), columns), kLanes * sizeof(float), "weights");
    values_.resize(panels() * columns * kLanes);
    for (std::size_t r = 0; r < rows; ++r) {
      float* to = values_.data() + r / kLanes * columns * kLanes + r % kLanes;
      for (std::size_t i = 0; i < columns; ++i) to[i * kLanes] = values[r * columns + i];
    }
  }

  // Of the upper triangle of a symmetric matrix.
  FloatMatrix(const std::vector<float>& triangle, std::size_t size, Budget& budget)
      : Matrix(size, size) {
    budget.take(times(panels(), size), kLanes * sizeof(float), "a symmetric matrix");
    values_.resize(panels() * size * kLanes);
    const auto row = [&](std::size_t i) {  // element [i][j] of the matrix is row(i)[j]
      return triangle.data() + (i * (2 * size - i + 1) / 2) - i;
    };
    for (std::size_t p = 0; p < panels(); ++p) {
      const std::size_t first = p * kLanes, lanes = std::min(kLanes, size - first);
      float* to = values_.data() + p * size * kLanes;
      for (std::size_t i = 0; i < size; ++i, to += kLanes) {
        if (i < first) {
          std::copy_n(row(i) + first, lanes, to);
        } else {
          for (std::size_t l = 0; l < lanes; ++l)
            to[l] = row(std::min(i, first + l))[std::max(i, first + l)];
        }
      }
    }
  }

  std::size_t bytes() const override { return values_.size() * sizeof(float); }
  std::size_t panel_floats() const override { return 0; }
  const float* panel(std::size_t panel, float*) const override {
    return values_.data() + panel * columns() * kLanes;
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
  std::vector<float> values_;
};

}  // namespace

std::unique_ptr<Matrix> float_matrix(const std::vector<float>& values, std::size_t rows,
                                     std::size_t columns, Budget& budget) {
  return std::make_unique<FloatMatrix>(values, rows, columns, budget);
}

std::unique_ptr<Matrix> symmetric_matrix(const std::vector<float>& triangle, std::size_t size,
                                         Budget& budget) {
  return std::make_unique<FloatMatrix>(triangle, size, budget);
}

}  // namespace laq::runtime
