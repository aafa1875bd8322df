#include <cmath>
#include <fstream>
#include <limits>

#include "core/random.hpp"
#include "data/zca.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::data;
using namespace laq::test;

namespace {

constexpr std::size_t kFeatures = 24;

// Neighbouring values go together, as in pictures; the variances span four orders of magnitude.
std::vector<float> rows_of(std::size_t count, std::uint64_t seed = 1) {
  RandomStream stream(seed, "test rows");
  std::vector<float> rows;
  for (std::size_t row = 0; row < count; ++row) {
    double wave = 0;
    for (std::size_t i = 0; i < kFeatures; ++i) {
      wave = 0.9 * wave + stream.normal() * std::pow(10, -2.0 * static_cast<double>(i) / kFeatures);
      rows.push_back(static_cast<float>(3 + wave));
    }
  }
  return rows;
}

using Matrix = std::vector<double>;

Matrix direct_covariance(const std::vector<float>& rows) {
  const std::size_t count = rows.size() / kFeatures;
  std::vector<double> mean(kFeatures);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    mean[i % kFeatures] += static_cast<double>(rows[i]) / static_cast<double>(count);
  }
  Matrix sum(kFeatures * kFeatures);
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      for (std::size_t j = 0; j < kFeatures; ++j) {
        sum[i * kFeatures + j] += (static_cast<double>(rows[row * kFeatures + i]) - mean[i]) *
                                  (static_cast<double>(rows[row * kFeatures + j]) - mean[j]) /
                                  static_cast<double>(count);
      }
    }
  }
  return sum;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(kFeatures * kFeatures);
  for (std::size_t i = 0; i < kFeatures; ++i) {
    for (std::size_t k = 0; k < kFeatures; ++k) {
      for (std::size_t j = 0; j < kFeatures; ++j) {
        c[i * kFeatures + j] += a[i * kFeatures + k] * b[k * kFeatures + j];
      }
    }
  }
  return c;
}

Matrix plus_diagonal(Matrix matrix, double value) {
  for (std::size_t i = 0; i < kFeatures; ++i) matrix[i * kFeatures + i] += value;
  return matrix;
}

double distance(const Matrix& a, const Matrix& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

std::vector<float> whitened(const std::vector<float>& rows, double bias) {
  const std::size_t count = rows.size() / kFeatures;
  auto result = rows;
  whiten(fit_whitening(rows.data(), count, kFeatures, bias), result.data(), count);
  return result;
}

const Matrix kIdentity = plus_diagonal(Matrix(kFeatures * kFeatures), 1);

}  // namespace

TEST_CASE("without a bias the covariance after ZCA is the identity", "[data]") {
  for (const std::size_t count : {25UL, 512UL, 1300UL}) {  // within a block, one, three
    const auto rows = rows_of(count);
    // Float32 holds μ ≈ 3 to 2e-7, beside deviations that can be as small as 0.01.
    CHECK(distance(direct_covariance(whitened(rows, 0)), kIdentity) < 1e-3);
  }
}

TEST_CASE("with a bias the eigenvalues after ZCA are those of C / (C + bias)", "[data]") {
  const auto rows = rows_of(1300);
  const Matrix before = direct_covariance(rows);
  for (const double bias : {0.1, 1e-3, 10.0}) {
    const Matrix after = direct_covariance(whitened(rows, bias));
    // after = C (C + bias)⁻¹, with C's eigenvectors.
    CHECK(distance(product(after, plus_diagonal(before, bias)), before) < 1e-4 * (1 + bias));
    CHECK(distance(product(after, before), product(before, after)) < 1e-4);
  }
}

TEST_CASE("the matrix of ZCA is the symmetric root", "[data]") {
  const auto rows = rows_of(1300);
  const Whitening fitted = fit_whitening(rows.data(), 1300, kFeatures, 0.1);
  const Matrix w(fitted.matrix.begin(), fitted.matrix.end());
  for (std::size_t i = 0; i < kFeatures; ++i) {
    CHECK(w[i * kFeatures + i] > 0);
    for (std::size_t j = 0; j < i; ++j) CHECK(w[i * kFeatures + j] == w[j * kFeatures + i]);
  }
  const Matrix inverse = product(w, w);  // of C + bias
  CHECK(distance(product(inverse, plus_diagonal(direct_covariance(rows), 0.1)), kIdentity) < 1e-5);
}

TEST_CASE("pictures that were not fitted on are moved and mixed alike", "[data]") {
  const auto rows = rows_of(600), other = rows_of(3, 2);
  const Whitening fitted = fit_whitening(rows.data(), 600, kFeatures, 0.1);
  auto result = other;
  whiten(fitted, result.data(), 3);
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      double expected = 0;
      for (std::size_t j = 0; j < kFeatures; ++j) {
        expected +=
            static_cast<double>(fitted.matrix[i * kFeatures + j]) *
            (static_cast<double>(other[row * kFeatures + j]) - static_cast<double>(fitted.mean[j]));
      }
      CHECK(static_cast<double>(result[row * kFeatures + i]) ==
            Approx(expected).margin(1e-5).epsilon(1e-5));
    }
  }
}

TEST_CASE("what cannot be whitened is refused", "[data]") {
  auto few = rows_of(20);
  CHECK_THAT(message_of([&] { fit_whitening(few.data(), 20, kFeatures, 0); }),
             Contains("has no inverse"));
  CHECK_NOTHROW(fit_whitening(few.data(), 20, kFeatures, 0.1));
  few[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(message_of([&] { fit_whitening(few.data(), 20, kFeatures, 0.1); }),
             Contains("not finite"));
}

TEST_CASE("a whitening is kept and read again, and fitted anew when its file is damaged",
          "[data]") {
  const Scratch folder;
  const auto rows = rows_of(100);
  int fits = 0;
  const auto kept = [&](const std::filesystem::path& where, const std::string& content = "abc") {
    return kept_whitening(where, content, kFeatures, [&] {
      ++fits;
      return fit_whitening(rows.data(), 100, kFeatures, 0.1);
    });
  };
  const Whitening first = kept(folder / "cache");
  CHECK(fits == 1);
  const Whitening again = kept(folder / "cache");
  CHECK(fits == 1);
  CHECK(again.mean == first.mean);
  CHECK(again.matrix == first.matrix);
  kept(folder / "cache", "abd");
  CHECK(fits == 2);

  const auto file = folder / "cache" / "whitening-abc.bin";
  const std::string content = read_file(file);
  for (const std::string& damaged :
       {content.substr(0, content.size() / 2), std::string(), "x" + content.substr(1),
        content.substr(0, 200) + static_cast<char>(content[200] ^ 1) + content.substr(201)}) {
    const int before = fits;
    replace_file(file, damaged);
    CHECK(kept(folder / "cache").matrix == first.matrix);
    CHECK(fits == before + 1);
    CHECK(read_file(file) == content);  // mended
  }
  CHECK_FALSE(read_whitening(file, kFeatures + 1));

  const int before = fits;
  kept("");
  kept(folder.write("file", "in the way") / "cache");  // cannot be a folder: fitted all the same
  CHECK(fits == before + 2);
}
