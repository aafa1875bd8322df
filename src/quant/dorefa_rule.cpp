#include <cmath>

#include "quant/passes.hpp"
#include "quant/rule.hpp"

namespace laq::quant {
namespace {

/// DoReFa-Net's weights (Zhou et al., 2016): 2·round(K·(tanh w / (2 max|tanh w|) + ½))/K − 1 with K
/// = 2^bits − 1, rounding half up. tanh is monotone, so code j or more means w ≥ atanh(2 max|tanh
/// w| · ((j − ½)/K − ½)): no tanh per weight. The gradient is passed straight through; tanh is not
/// differentiated.
class DorefaRule : public Rule {
 public:
  explicit DorefaRule(int bits) : bits_(bits), k_((1 << bits) - 1) {}

  Formula formula() const override { return DorefaFormula{bits_}; }

  StepFunction fit(const Group& group) const override {
    const MagnitudeSums sums = magnitude_sums({group.latent, {}, {}, {}}, Side::both);
    if (!std::isfinite(sums.a)) require_usable(group);
    const double largest = std::tanh(static_cast<double>(sums.max));
    StepFunction step;
    step.scales = {1};
    for (int j = 0; j <= k_; ++j) {
      step.codes.push_back(j);
      step.values.push_back(2.0 * j / k_ - 1);
      if (j > 0) step.thresholds.push_back(threshold_at_least(lowest(j, largest)));
    }
    return step;
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
};

const RegisterRule registered("dorefa", [](config::Section& section) {
  return std::make_shared<DorefaRule>(static_cast<int>(section.integer("bits", {}, {1, 8})));
});

}  // namespace
}  // namespace laq::quant
