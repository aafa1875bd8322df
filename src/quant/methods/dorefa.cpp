#include <cmath>

#include "core/parallel.hpp"
#include "quant/fitted.hpp"

namespace laq::quant {
namespace {

/// DoReFa-Net (dorefa.hpp). The gradient is passed straight through, or straight through the
/// rounding alone: then it is times (1 − tanh² w) / max|tanh w|, the largest held fixed.
class Dorefa : public Fitted<DorefaFit> {
 public:
  Dorefa(int bits, bool differentiated)
      : Fitted(DorefaFit{bits}), differentiated_(differentiated) {}

  Gradient gradient() const override {
    if (!differentiated_) return {};
    return [fit = fit_](const Group& group, std::span<float> gradient) -> std::vector<double> {
      const float largest = magnitude_sums({group.latent, {}, {}, {}}, Side::both).max;
      const DorefaGradient rule = fit.weight_gradient(nullptr, static_cast<double>(largest));
      for_chunks(gradient.size(), [&](std::size_t begin, std::size_t count) {
        for (std::size_t i = begin; i < begin + count; ++i)
          gradient[i] = rule(group.latent[i], 0, gradient[i]).gradient;
      });
      return {};
    };
  }

 private:
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
