#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/json.hpp"
#include "runtime/matrix.hpp"

namespace laq::runtime {

/// What is done to pixels before the network sees them.
class Preprocessing {
 public:
  /// `kind`: `none` (pixels/255), `mean_image` (minus a mean), `gcn` (global contrast
  /// normalisation), `gcn_zca` (then whitened), `outside` (not known here).
  Preprocessing(const nlohmann::json& json, std::size_t features, const TensorFile& file,
                Budget& budget);

  bool known() const { return kind_ != Kind::outside; }
  void run(const std::uint8_t* pixels, std::size_t rows, float* out, Pool& pool);

 private:
  enum class Kind { outside, pixels, contrast, whitened };
  void normalise(const std::uint8_t* pixels, float* out) const;

  Kind kind_ = Kind::outside;
  std::size_t features_;
  double scale_ = 1, smallest_ = 0;
  std::vector<float> mean_;
  std::unique_ptr<Matrix> whitening_;
  std::vector<float> centred_;  // a few rows
};

}  // namespace laq::runtime
