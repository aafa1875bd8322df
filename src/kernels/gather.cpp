#include "kernels/queue.hpp"
#include "quant/scale_window.hpp"

namespace laq::kernels {
namespace {

struct GatherOf {
  Gather operator()(std::monostate) const { return {}; }
  Gather operator()(const quant::TtqFit&) const { return {.magnitudes = true, .gradient = true}; }
  Gather operator()(const quant::DorefaFit&) const { return {.magnitudes = true}; }
  Gather operator()(const quant::LearnedStepFit&) const { return {.gradient = true}; }
  Gather operator()(const quant::LqNetsFit&) const { return {}; }

  Gather operator()(const quant::ProximalFit& fit) const {
    Gather gather{.by_sign = fit.two_scales()};
    const int k = fit.levels.k();
    if (fit.scaling == quant::Scaling::unit) return {};
    if (!fit.levels.has_zero() || fit.solver == quant::Solver::absmean) {
      gather.magnitudes = true;
    } else if (fit.solver == quant::Solver::heuristic) {
      gather.magnitudes = true;
      gather.windows = 1;
    } else if (fit.searches()) {
      gather.windows = gather.bounds = k == 1;
    } else if (quant::ScaleWindow::possible(fit.levels) &&
               fit.solver == quant::Solver::alternating) {
      gather.previous = true;
      gather.windows = k;
    }  // the released rule starts far from where it ends: no window holds
    return gather;
  }
};

}  // namespace

Gather gather_of(const quant::DeviceFit& fit) {
  return std::visit(GatherOf{}, static_cast<const quant::DeviceFit::variant&>(fit));
}

bool always_whole(const quant::DeviceFit& fit) {
  if (std::holds_alternative<quant::LqNetsFit>(fit)) return true;
  const auto* proximal = std::get_if<quant::ProximalFit>(&fit);
  return proximal && proximal->scaling != quant::Scaling::unit && gather_of(fit).rows() == 0;
}

}  // namespace laq::kernels
