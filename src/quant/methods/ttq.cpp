#include <cmath>

#include "core/parallel.hpp"
#include "quant/alternating.hpp"
#include "quant/quantizer.hpp"

namespace laq::quant {
namespace {

// Σ g where ŵ > 0 and where ŵ < 0.
struct SignSums {
  double positive = 0, negative = 0;
  void operator+=(const SignSums& other) {
    positive += other.positive;
    negative += other.negative;
  }
};

LAQ_VECTORISED
SignSums gradient_chunk(const float* quantized, float* gradient, std::size_t n, float up,
                        float down) {
  double positive = 0, negative = 0;
#pragma omp simd reduction(+ : positive, negative)
  for (std::size_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    positive += static_cast<double>(quantized[i] > 0 ? g : 0.0f);
    negative += static_cast<double>(quantized[i] < 0 ? g : 0.0f);
    const float factor = quantized[i] > 0 ? up : 1.0f;
    gradient[i] = g * (quantized[i] < 0 ? down : factor);
  }
  return {positive, negative};
}

/// Trained ternary quantization (Zhu et al., ICLR 2017; PAPER.md, "TTQ's gradients"): levels −Wn,
/// 0, Wp with threshold Δ = t · max|w|. Wp and Wn are trained; they start as the mean magnitude
/// beyond Δ of their sign.
/// They move at `scale_rate` times the weights' rate; `weight_decay` is an L2 penalty on the latent
/// weights.
class Ttq : public Quantizer {
 public:
  Ttq(double threshold, double scale_rate, double weight_decay)
      : threshold_(threshold), scale_rate_(scale_rate), weight_decay_(weight_decay) {}

  int scale_count() const override { return 2; }
  bool learns_scales() const override { return true; }
  double scale_rate() const override { return scale_rate_; }
  double weight_decay() const override { return weight_decay_; }
  Formula formula() const override { return TtqFormula{threshold_}; }

  Needs needs(const Group&) const override { return {.magnitudes = true}; }
  Codebook fit(Sums& sums) const override {
    const double limit = threshold_ * static_cast<double>(sums.magnitudes(Side::both).max);
    Codebook codebook;
    codebook.scales = sums.scales.empty() ? start(sums, limit) : sums.scales;
    codebook.thresholds = {threshold_at_least(-limit), floor_to_float(limit)};
    codebook.values = {-codebook.scales[1], 0, codebook.scales[0]};
    codebook.codes = {-1, 0, 1};
    return codebook;
  }

  Gradient gradient() const override {
    return [](const Group& group, std::span<float> gradient) -> std::vector<double> {
      const float up = static_cast<float>(group.scales[0]),
                  down = static_cast<float>(group.scales[1]);
      const SignSums sums =
          sum_chunks<SignSums>(gradient.size(), [&](std::size_t begin, std::size_t count) {
            return gradient_chunk(group.previous.data() + begin, gradient.data() + begin, count, up,
                                  down);
          });
      return {sums.positive, -sums.negative};
    };
  }

 private:
  static std::vector<double> start(Sums& sums, double limit) {
    std::vector<double> scales;
    for (const Side side : {Side::positive, Side::negative}) {
      const double scale = top_level_scale(sums, side, limit);
      // A sign that does not occur yet must be able to appear later: a learned scale stays
      // positive.
      scales.push_back(scale > 0 ? scale : std::max(limit, 1e-8));
    }
    return scales;
  }

  double threshold_, scale_rate_, weight_decay_;
};

const RegisterMethod registered("ttq", [](config::Reader& section) {
  constexpr auto kAdded = config::Canonical::omit_default;
  return std::make_shared<Ttq>(section.real("threshold", 0.05, {0, 1}),
                               section.real("scale_rate", 1, {0, 1000}, kAdded),
                               section.real("weight_decay", 0, {0, 1}, kAdded));
});

}  // namespace
}  // namespace laq::quant
