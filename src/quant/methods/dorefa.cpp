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
