#include "quant/device_fit.hpp"
#include "quant/quantizer.hpp"

namespace laq::quant {
namespace {

/// LQ-Nets (lq_nets.hpp). The basis is `scales`; the gradient is passed straight through.
class LqNets : public Quantizer {
 public:
  explicit LqNets(int bits) : fit_{bits} {}

  int scale_count() const override { return fit_.bits; }
  DeviceFit device_fit() const override { return fit_; }

  Needs needs(const Group&) const override { return {.magnitudes = true}; }
  Codebook fit(Sums& sums) const override {
    Codebook codebook;
    fit_(sums, codebook);
    return codebook;
  }

 private:
  LqNetsFit fit_;
};

const RegisterMethod registered("lq_nets", [](config::Reader& section) {
  return std::make_shared<LqNets>(
      static_cast<int>(section.integer("bits", {}, {2, LqNetsFit::kMostBits})));
});

}  // namespace
}  // namespace laq::quant
