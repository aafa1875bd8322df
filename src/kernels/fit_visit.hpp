#pragma once

#include "kernels/bodies.hpp"
#include "kernels/queue.hpp"

namespace laq::kernels {

/// Calls visit with the fit, or with `HostFit` for a method that is host code.
template <typename Visit>
void with_fit(const quant::DeviceFit& fit, const Visit& visit) {
  std::visit(
      [&](const auto& one) {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::monostate>) {
          visit(HostFit{});
        } else {
          visit(one);
        }
      },
      static_cast<const quant::DeviceFit::variant&>(fit));
}

template <typename Fit>
inline constexpr bool kIsHostFit = std::is_same_v<std::decay_t<Fit>, HostFit>;

/// Calls work with the fit and whether it searches for an optimum, as a constant; not for a method
/// that is host code.
template <typename Work>
void with_search(const quant::DeviceFit& fit, const Work& work) {
  with_fit(fit, [&](const auto& one) {
    using Fit = std::decay_t<decltype(one)>;
    if constexpr (std::is_same_v<Fit, quant::ProximalFit>) {
      if (one.searches()) return work(one, std::true_type{});
    }
    if constexpr (!kIsHostFit<Fit>) work(one, std::false_type{});
  });
}

/// Whether a fit looks at the weights more than once.
inline bool passes_often(const quant::ProximalFit& fit) {
  return fit.levels.has_zero() && fit.solver != quant::Solver::absmean;
}
template <typename Fit>
bool passes_often(const Fit&) {
  return std::is_same_v<Fit, quant::LqNetsFit>;
}

/// Whether a search by a block that holds its weights has room for the level set.
inline bool few_levels(const quant::ProximalFit& fit) {
  return fit.levels.k() <= HeldMemory::kLevels;
}
template <typename Fit>
bool few_levels(const Fit&) {
  return true;
}

}  // namespace laq::kernels
