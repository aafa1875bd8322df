#include "core/parallel.hpp"
#include "quant/fitted.hpp"

namespace laq::quant {
namespace {

// The scales' gradients.
struct SignSums {
  double positive = 0, negative = 0;
  void operator+=(const SignSums& other) {
    positive += other.positive;
    negative += other.negative;
  }
};

LAQ_VECTORISED
SignSums gradient_chunk(const float* quantized, float* gradient, std::size_t n, TtqGradient rule) {
  double positive = 0, negative = 0;
#pragma omp simd reduction(+ : positive, negative)
  for (std::size_t i = 0; i < n; ++i) {
    const WeightGradient one = rule(0, quantized[i], gradient[i]);
    positive += one.scales[0];
    negative += one.scales[1];
    gradient[i] = one.gradient;
  }
  return {positive, negative};
}

/// Trained ternary quantization (ttq.hpp). The scales move at `scale_rate` times the weights'
/// rate; `weight_decay` is an L2 penalty on the latent weights.
class Ttq : public Fitted<TtqFit> {
 public:
  Ttq(double threshold, double scale_rate, double weight_decay)
      : Fitted(TtqFit{threshold}), scale_rate_(scale_rate), weight_decay_(weight_decay) {}

  int scale_count() const override { return 2; }
  bool learns_scales() const override { return true; }
  double scale_rate() const override { return scale_rate_; }
  double weight_decay() const override { return weight_decay_; }

  Gradient gradient() const override {
    return [fit = fit_](const Group& group, std::span<float> gradient) -> std::vector<double> {
      const TtqGradient rule = fit.weight_gradient(group.scales.data(), 0);
      const SignSums sums = sum_chunks<SignSums>(gradient.size(), [&](std::size_t begin,
                                                                      std::size_t count) {
        return gradient_chunk(group.previous.data() + begin, gradient.data() + begin, count, rule);
      });
      return {sums.positive, sums.negative};
    };
  }

 private:
  double scale_rate_, weight_decay_;
};

const RegisterMethod registered("ttq", [](config::Reader& section) {
  constexpr auto kAdded = config::Canonical::omit_default;
  return std::make_shared<Ttq>(section.real("threshold", 0.05, {0, 1}),
                               section.real("scale_rate", 1, {0, 1000}, kAdded),
                               section.real("weight_decay", 0, {0, 1}, kAdded));
});

}  // namespace
}  // namespace laq::quant
