#include "data/zca.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace laq::data {
namespace {

constexpr std::size_t kBlock = 512;  // rows; of CIFAR's size 6 MB as floats

std::vector<double> mean_of(const float* rows, std::size_t count, std::size_t features) {
  std::vector<double> mean(features);
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < features; ++i) {
      mean[i] += static_cast<double>(rows[row * features + i]);
    }
  }
  for (double& value : mean) value /= static_cast<double>(count);
  return mean;
}

// The lower triangle of matrix += factor · rowsᵀ rows.
void add_products(const std::vector<double>& rows, std::size_t count, std::size_t features,
                  double factor, std::vector<double>& matrix) {
  const auto n = static_cast<int>(features);
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, n, static_cast<int>(count), factor,
              rows.data(), n, 1.0, matrix.data(), n);
}

std::vector<double> covariance(const float* rows, std::size_t count,
                               const std::vector<double>& mean) {
  const std::size_t features = mean.size();
  std::vector<double> sum(features * features), block(std::min(kBlock, count) * features);
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t size = std::min(kBlock, count - begin);
#pragma omp parallel for schedule(static)
    for (std::size_t row = 0; row < size; ++row) {
      for (std::size_t i = 0; i < features; ++i) {
        block[row * features + i] =
            static_cast<double>(rows[(begin + row) * features + i]) - mean[i];
      }
    }
    add_products(block, size, features, 1 / static_cast<double>(count), sum);
  }
  return sum;
}

// Replaces a symmetric matrix, of which the lower triangle is read, by its eigenvectors, one a row.
std::vector<double> eigenvectors(std::vector<double>& matrix, std::size_t features) {
  const auto n = static_cast<lapack_int>(features);
  std::vector<double> values(features);
  // To LAPACK, which counts by columns, our lower triangle is the upper one.
  const lapack_int state =
      LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', n, matrix.data(), n, values.data());
  if (state == 0) return values;
  throw Error({.what = state < 0 ? "the pictures to be whitened have values that are not finite"
                                 : "the eigenvalues of the covariance were not found"});
}

// λ^(−1/4), of λ with the bias.
std::vector<double> root_weights(const std::vector<double>& eigenvalues, double bias) {
  // What is below rounding is zero.
  const double least = eigenvalues.back() * 1e-12;
  std::vector<double> weights;
  for (const double value : eigenvalues) {
    const double biased = std::max(value, 0.0) + bias;
    if (!(biased > least)) {
      throw Error({.what = "the covariance of the pictures has no inverse",
                   .expected = "more pictures than pixels, or a bias above 0"});
    }
    weights.push_back(1 / std::sqrt(std::sqrt(biased)));
  }
  return weights;
}

}  // namespace

Whitening fit_whitening(const float* rows, std::size_t count, std::size_t features, double bias) {
  const std::vector<double> mean = mean_of(rows, count, features);
  std::vector<double> vectors = covariance(rows, count, mean);
  const auto weights = root_weights(eigenvectors(vectors, features), bias);
  for (std::size_t i = 0; i < features; ++i) {
    for (std::size_t j = 0; j < features; ++j) vectors[i * features + j] *= weights[i];
  }
  std::vector<double> matrix(features * features);  // Σ v vᵀ / √(λ + bias)
  add_products(vectors, features, features, 1, matrix);
  Whitening whitening{{mean.begin(), mean.end()}, std::vector<float>(features * features)};
  for (std::size_t i = 0; i < features; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const auto value = static_cast<float>(matrix[i * features + j]);
      whitening.matrix[i * features + j] = whitening.matrix[j * features + i] = value;
    }
  }
  return whitening;
}

void whiten(const Whitening& whitening, float* rows, std::size_t count) {
  const std::size_t features = whitening.mean.size();
  const auto n = static_cast<int>(features);
  std::vector<float> centred(std::min(kBlock, count) * features);
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t size = std::min(kBlock, count - begin);
    float* block = rows + begin * features;
#pragma omp parallel for schedule(static)
    for (std::size_t row = 0; row < size; ++row) {
      for (std::size_t i = 0; i < features; ++i) {
        centred[row * features + i] = block[row * features + i] - whitening.mean[i];
      }
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(size), n, n, 1.0f,
                centred.data(), n, whitening.matrix.data(), n, 0.0f, block, n);
  }
}

}  // namespace laq::data
