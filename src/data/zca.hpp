#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace laq::data {

/// ZCA whitening: y = W (x − μ), with μ the mean of the rows it was fitted on, C = V diag(λ) Vᵀ
/// their covariance (divided by their number) and
///
///     W = V diag(1 / √(λ + bias)) Vᵀ.
///
/// The covariance of the whitened rows has C's eigenvectors and the eigenvalues λ / (λ + bias): the
/// identity as bias → 0. The paper's data was made with pylearn2, whose bias is 0.1.
struct Whitening {
  std::vector<float> mean;    ///< features
  std::vector<float> matrix;  ///< features × features, symmetric
};

inline constexpr double kWhiteningBias = 0.1;

/// Fits to `count` rows of `features` values each; covariance and eigenvectors in double precision.
/// Needs 4 · features² doubles besides the rows. Errors: a value that is not finite; a covariance
/// that has no inverse when `bias` is 0.
Whitening fit_whitening(const float* rows, std::size_t count, std::size_t features, double bias);

/// Whitens `count` rows in place, a block at a time.
void whiten(const Whitening& whitening, float* rows, std::size_t count);

/// Keeps a whitening in a file, replaced whole. Error: it cannot be written.
void write_whitening(const std::filesystem::path& path, const Whitening& whitening);

/// Nothing when there is no file, or when it is damaged or of another number of features.
std::optional<Whitening> read_whitening(const std::filesystem::path& path, std::size_t features);

/// The whitening that `fit` gives, read from `folder` when it is kept there and kept there
/// otherwise (a folder that cannot be written costs time only). `content`: what it depends on, as a
/// hash. Empty `folder`: it is fitted.
Whitening kept_whitening(const std::filesystem::path& folder, const std::string& content,
                         std::size_t features, const std::function<Whitening()>& fit);

}  // namespace laq::data
