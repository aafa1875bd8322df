#include <cmath>

#include "core/parallel.hpp"
#include "quant/alternating.hpp"
#include "quant/passes.hpp"
#include "quant/rule.hpp"

namespace laq::quant {
namespace {

// Σ g where ŵ > 0 and where ŵ < 0.
struct Sums {
  double positive = 0, negative = 0;
  void operator+=(const Sums& other) {
    positive += other.positive;
    negative += other.negative;
  }
};

LAQ_VECTORISED
Sums backward_chunk(const float* quantized, float* gradient, std::size_t n, float up, float down) {
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
class TtqRule : public Rule {
 public:
  TtqRule(double threshold, double scale_rate, double weight_decay)
      : threshold_(threshold), scale_rate_(scale_rate), weight_decay_(weight_decay) {}

  int scale_count() const override { return 2; }
  bool learns_scales() const override { return true; }
  double scale_rate() const override { return scale_rate_; }
  double weight_decay() const override { return weight_decay_; }
  Formula formula() const override { return TtqFormula{threshold_}; }

  StepFunction fit(const Group& group) const override {
    const MagnitudeSums sums = magnitude_sums({group.latent, {}, {}, {}}, Side::both);
    if (!std::isfinite(sums.a)) require_usable(group);
    const double limit = threshold_ * static_cast<double>(sums.max);
    StepFunction step;
    step.scales = group.scales.empty() ? start(group, limit) : group.scales;
    step.thresholds = {threshold_at_least(-limit), floor_to_float(limit)};
    step.values = {-step.scales[1], 0, step.scales[0]};
    step.codes = {-1, 0, 1};
    return step;
  }

  Backward backward() const override {
    return [](const Group& group, std::span<float> gradient) -> std::vector<double> {
      const float up = static_cast<float>(group.scales[0]),
                  down = static_cast<float>(group.scales[1]);
      const Sums sums =
          sum_chunks<Sums>(gradient.size(), [&](std::size_t begin, std::size_t count) {
            return backward_chunk(group.previous.data() + begin, gradient.data() + begin, count, up,
                                  down);
          });
      return {sums.positive, -sums.negative};
    };
  }

 private:
  static std::vector<double> start(const Group& group, double limit) {
    const Group uniform{group.latent, {}, {}, {}};
    std::vector<double> scales;
    for (const Side side : {Side::positive, Side::negative}) {
      const double scale = top_level_scale(uniform, side, limit);
      // A sign that does not occur yet must be able to appear later: a learned scale stays
      // positive.
      scales.push_back(scale > 0 ? scale : std::max(limit, 1e-8));
    }
    return scales;
  }

  double threshold_, scale_rate_, weight_decay_;
};

const RegisterRule registered("ttq", [](config::Section& section) {
  constexpr auto kAdded = config::Canonical::omit_default;
  return std::make_shared<TtqRule>(section.real("threshold", 0.05, {0, 1}),
                                   section.real("scale_rate", 1, {0, 1000}, kAdded),
                                   section.real("weight_decay", 0, {0, 1}, kAdded));
});

}  // namespace
}  // namespace laq::quant
