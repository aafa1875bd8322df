#include <cmath>

#include "core/parallel.hpp"
#include "quant/fitted.hpp"

namespace laq::quant {
namespace {

LAQ_VECTORISED
double gradient_chunk(const float* w, const float* quantized, float* gradient, std::size_t n,
                      LearnedStepGradient rule) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const WeightGradient one = rule(w[i], quantized[i], gradient[i]);
    sum += one.scales[0];
    gradient[i] = one.gradient;
  }
  return sum;
}

/// LSQ and SEQ (learned_step.hpp). With u = w/s, ∂ŵ/∂s is q(u) − u inside of the range and the
/// outermost level outside; its sum over the N weights is times 1/√(N·Qp) (LSQ, equations 3 and 4).
/// Adam divides that factor out again but for its epsilon: what sets the speed of s there is
/// `scale_rate`, a factor on the weights' rate. The weights' gradient passes inside of the range.
class LearnedStep : public Fitted<LearnedStepFit> {
 public:
  LearnedStep(LearnedStepFit fit, double scale_rate) : Fitted(fit), scale_rate_(scale_rate) {}

  bool learns_scales() const override { return true; }
  double scale_rate() const override { return scale_rate_; }

  Gradient gradient() const override {
    return [fit = fit_](const Group& group, std::span<float> gradient) -> std::vector<double> {
      const LearnedStepGradient rule = fit.weight_gradient(group.scales.data(), 0);
      const double sum =
          sum_chunks<double>(gradient.size(), [&](std::size_t begin, std::size_t count) {
            return gradient_chunk(group.latent.data() + begin, group.previous.data() + begin,
                                  gradient.data() + begin, count, rule);
          });
      std::vector<double> of_scale(1);
      fit.scale_gradient(&sum, group.scales.data(), gradient.size(), of_scale.data());
      return of_scale;
    };
  }

 private:
  double scale_rate_;
};

double read_scale_rate(config::Reader& section) {
  return section.real("scale_rate", 1, {0, 1000});
}

const RegisterMethod lsq("lsq", [](config::Reader& section) {
  const auto bits = static_cast<int>(section.integer("bits", {}, {2, 8}));
  return std::make_shared<LearnedStep>(LearnedStepFit{bits, false}, read_scale_rate(section));
});

const RegisterMethod seq("seq", [](config::Reader& section) {
  return std::make_shared<LearnedStep>(LearnedStepFit{2, true}, read_scale_rate(section));
});

}  // namespace
}  // namespace laq::quant
