#include "runtime/preprocessing.hpp"

#include <algorithm>
#include <cmath>

namespace laq::runtime {
Preprocessing::Preprocessing(const nlohmann::json& json, std::size_t features,
                             const TensorFile& file, Budget& budget)
    : features_(features) {
  const Object object(json, "preprocessing");
  const std::string kind = object.text("kind");
  const std::string mean = "preprocessing.mean";
  if (kind == "none" || kind == "mean_image") {
    kind_ = Kind::pixels;
    if (kind == "mean_image") {
      mean_ = file.floats(mean, {features}, budget);
    } else {
      budget.take(features, sizeof(float), "the input");
      mean_.resize(features);
    }
    return;
  }
  if (kind == "outside") return;
  if (kind != "gcn" && kind != "gcn_zca") object.fail("kind", "is unknown: " + quoted(kind));
  kind_ = Kind::contrast;
  const auto constants = file.reals("preprocessing.contrast", {2}, budget);
  scale_ = constants[0];
  smallest_ = constants[1];
  if (scale_ <= 0) throw Failure("preprocessing: the scale of the contrast is not above 0");
  if (kind == "gcn") return;
  kind_ = Kind::whitened;
  mean_ = file.floats(mean, {features}, budget);
  const std::size_t triangle = times(features, features + 1) / 2;
  whitening_ =
      symmetric_matrix(file.bytes("preprocessing.whitening", {triangle}, "F32"), features, budget);
  budget.take(features, kPositions * sizeof(float), "the input");
  centred_.resize(kPositions * features);
}

// As data::normalize_global_contrast.
void Preprocessing::normalise(const std::uint8_t* pixels, float* out) const {
  double sum = 0;
  for (std::size_t i = 0; i < features_; ++i) sum += static_cast<double>(pixels[i]);
  const double mean = sum / static_cast<double>(features_);
  double squares = 0;
  for (std::size_t i = 0; i < features_; ++i) {
    const double centred = static_cast<double>(pixels[i]) - mean;
    squares += centred * centred;
  }
  double divisor = std::sqrt(squares) / scale_;
  if (divisor < smallest_ || divisor == 0) divisor = 1;
  for (std::size_t i = 0; i < features_; ++i)
    out[i] = static_cast<float>((static_cast<double>(pixels[i]) - mean) / divisor);
}

void Preprocessing::run(const std::uint8_t* pixels, std::size_t rows, float* out, Pool& pool) {
  if (kind_ == Kind::pixels) {
    for (std::size_t row = 0; row < rows; ++row, pixels += features_, out += features_) {
      for (std::size_t i = 0; i < features_; ++i)
        out[i] = static_cast<float>(pixels[i]) / 255.0f - mean_[i];
    }
    return;
  }
  for (std::size_t row = 0; row < rows; ++row)
    normalise(pixels + row * features_, out + row * features_);
  if (kind_ != Kind::whitened) return;
  for (std::size_t begin = 0; begin < rows; begin += kPositions) {
    const std::size_t here = std::min(kPositions, rows - begin);
    const float* from[kPositions];
    for (std::size_t p = 0; p < kPositions; ++p) {
      from[p] = centred_.data() + p * features_;
      if (p >= here) continue;
      for (std::size_t i = 0; i < features_; ++i)
        centred_[p * features_ + i] = out[(begin + p) * features_ + i] - mean_[i];
    }
    const std::size_t positions = here == 1 ? 1 : here <= 2 ? 2 : here <= 4 ? 4 : kPositions;
    pool.run([&](std::size_t thread, std::size_t threads) {
      const std::size_t panels = whitening_->panels();
      for (std::size_t panel = panels * thread / threads; panel < panels * (thread + 1) / threads;
           ++panel) {
        float sums[kPositions * kLanes];
        kernels().tile(from, positions, 1, features_, 0, whitening_->panel(panel, nullptr), 1, 0,
                       sums);
        const std::size_t count = std::min(kLanes, features_ - panel * kLanes);
        for (std::size_t p = 0; p < here; ++p)
          std::copy_n(sums + p * kLanes, count, out + (begin + p) * features_ + panel * kLanes);
      }
    });
  }
}

}  // namespace laq::runtime
