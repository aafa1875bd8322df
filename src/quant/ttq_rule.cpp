#include <cmath>

#include "core/parallel.hpp"
#include "quant/passes.hpp"
#include "quant/rule.hpp"

namespace laq::quant {
namespace {

/// Trained ternary quantization (Zhu et al., ICLR 2017; PAPER.md, "TTQ's gradients"): levels −Wn,
/// 0, Wp with threshold Δ = t · max|w|. Wp and Wn are trained; they start as the mean magnitude
/// beyond Δ of their sign.
class TtqRule : public Rule {
 public:
  explicit TtqRule(double threshold) : threshold_(threshold) {}

  int scale_count() const override { return 2; }
  bool learns_scales() const override { return true; }

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

  std::vector<double> backward(const Group& group, std::span<float> gradient) const override {
    struct Sums {
      double positive = 0, negative = 0;
      void operator+=(const Sums& other) {
        positive += other.positive;
        negative += other.negative;
      }
    };
    const float up = static_cast<float>(group.scales[0]),
                down = static_cast<float>(group.scales[1]);
    const Sums sums = sum_chunks<Sums>(gradient.size(), [&](std::size_t begin, std::size_t count) {
      Sums part;
      for (std::size_t i = begin; i < begin + count; ++i) {
        const float at = group.previous[i], g = gradient[i];
        part.positive += at > 0 ? static_cast<double>(g) : 0.0;
        part.negative += at < 0 ? static_cast<double>(g) : 0.0;
        gradient[i] = g * (at > 0 ? up : at < 0 ? down : 1.0f);
      }
      return part;
    });
    return {sums.positive, -sums.negative};
  }

 private:
  static std::vector<double> start(const Group& group, double limit) {
    static const LevelSet ternary = LevelSet::make(LevelKind::ternary, 2);
    const Group uniform{group.latent, {}, {}, {}};
    const float threshold = floor_to_float(limit);
    std::vector<double> scales;
    for (const Side side : {Side::positive, Side::negative}) {
      const double scale = level_sums(uniform, side, ternary, std::span(&threshold, 1)).scale();
      // A sign that does not occur yet must be able to appear later: a learned scale stays
      // positive.
      scales.push_back(scale > 0 ? scale : std::max(limit, 1e-8));
    }
    return scales;
  }

  double threshold_;
};

const RegisterRule registered("ttq", [](config::Section& section) {
  return std::make_shared<TtqRule>(section.real("threshold", 0.05, {0, 1}));
});

}  // namespace
}  // namespace laq::quant
