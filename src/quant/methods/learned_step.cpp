#include <cmath>

#include "core/parallel.hpp"
#include "quant/fitted.hpp"

namespace laq::quant {
namespace {

// Σ g (ŵ − w) inside of (low, high), Σ g ŵ outside, where the gradient becomes 0.
LAQ_VECTORISED
double gradient_chunk(const float* w, const float* quantized, float* gradient, std::size_t n,
                      float low, float high) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const bool inside = w[i] > low && w[i] < high;
    const double from = inside ? static_cast<double>(w[i]) : 0.0;
    sum += static_cast<double>(gradient[i]) * (static_cast<double>(quantized[i]) - from);
    gradient[i] *= inside ? 1.0f : 0.0f;  // what is not a number stays so, to be seen
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
      const double scale = group.scales.at(0);
      const auto low = static_cast<float>(fit.low() * scale),
                 high = static_cast<float>(fit.high() * scale);
      const double sum =
          sum_chunks<double>(gradient.size(), [&](std::size_t begin, std::size_t count) {
            return gradient_chunk(group.latent.data() + begin, group.previous.data() + begin,
                                  gradient.data() + begin, count, low, high);
          });
      return {sum / scale * fit.gradient_factor(gradient.size())};
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
