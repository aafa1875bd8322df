#include "quant/fitted.hpp"

namespace laq::quant {
namespace {

/// LQ-Nets (lq_nets.hpp). The basis is `scales`; the gradient is passed straight through.
class LqNets : public Fitted<LqNetsFit> {
 public:
  explicit LqNets(int bits) : Fitted(LqNetsFit{bits}) {}

  int scale_count() const override { return fit_.bits; }
};

const RegisterMethod registered("lq_nets", [](config::Reader& section) {
  return std::make_shared<LqNets>(
      static_cast<int>(section.integer("bits", {}, {2, LqNetsFit::kMostBits})));
});

}  // namespace
}  // namespace laq::quant
