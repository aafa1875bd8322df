#pragma once

#include "kernels/backend.hpp"
#include "kernels/bodies.hpp"

namespace laq::kernels {

LAQ_DEVICE inline bool is_of(Which which, bool lost) {
  return which == Which::all || (which == Which::lost) == lost;
}

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

}  // namespace laq::kernels
