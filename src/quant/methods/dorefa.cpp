#include <cmath>

#include "core/parallel.hpp"
#include "quant/quantizer.hpp"

namespace laq::quant {
namespace {

/// DoReFa-Net's weights (Zhou et al., 2016): 2·round(K·(tanh w / (2 max|tanh w|) + ½))/K − 1 with K
/// = 2^bits − 1, rounding half up. tanh is monotone, so code j or more means w ≥ atanh(2 max|tanh
/// w| · ((j − ½)/K − ½)): no tanh per weight. The gradient is passed straight through, or straight
/// through the rounding alone: then it is times (1 − tanh² w) / max|tanh w|, the largest held
/// fixed.
class Dorefa : public Quantizer {
 public:
  Dorefa(int bits, bool differentiated)
      : bits_(bits), k_((1 << bits) - 1), differentiated_(differentiated) {}

  Formula formula() const override { return DorefaFormula{bits_, differentiated_}; }

  Gradient gradient() const override {
    if (!differentiated_) return {};
    return [](const Group& group, std::span<float> gradient) -> std::vector<double> {
      const float largest = magnitude_sums({group.latent, {}, {}, {}}, Side::both).max;
      if (largest == 0) return {};  // tanh w / max|tanh w| is 0 there by definition
      const float inverse = 1 / std::tanh(largest);
      for_chunks(gradient.size(), [&](std::size_t begin, std::size_t count) {
        for (std::size_t i = begin; i < begin + count; ++i) {
          const float squashed = std::tanh(group.latent[i]);
          gradient[i] *= (1 - squashed * squashed) * inverse;
        }
      });
      return {};
    };
  }

  Needs needs(const Group&) const override { return {.magnitudes = true}; }
  Codebook fit(Sums& sums) const override {
    const double largest = std::tanh(static_cast<double>(sums.magnitudes(Side::both).max));
    Codebook codebook;
    codebook.scales = {1};
    for (int j = 0; j <= k_; ++j) {
      codebook.codes.push_back(j);
      codebook.values.push_back(2.0 * j / k_ - 1);
      if (j > 0) codebook.thresholds.push_back(threshold_at_least(lowest(j, largest)));
    }
    return codebook;
  }

 private:
  // The smallest w with code j or more. All weights zero: the tanh ratio is 0, which lies half-way
  // up.
  double lowest(int j, double largest) const {
    const double ratio = (j - 0.5) / k_ - 0.5;
    if (largest == 0) return ratio <= 0 ? -1.0 : 1.0;
    return std::atanh(2 * largest * ratio);
  }

  int bits_, k_;
  bool differentiated_;
};

const RegisterMethod registered("dorefa", [](config::Reader& section) {
  const auto bits = static_cast<int>(section.integer("bits", {}, {1, 8}));
  const bool differentiated =
      section.choice<bool>("gradient", false, {{"straight_through", false}, {"tanh", true}},
                           config::Canonical::omit_default);
  return std::make_shared<Dorefa>(bits, differentiated);
});

}  // namespace
}  // namespace laq::quant
