#pragma once

#include "core/device.hpp"
#include "core/parallel.hpp"

// One unit of an LSTM at one time step: the formulas of every device. `Functions` has `logistic`
// and `tanh` of a value of type T.

namespace laq::kernels {

/// In LibTorch's order: the gates' arguments, their values, or the gradients to their arguments.
template <typename T>
struct UnitGates {
  T i, f, g, o;
};

/// `gates` comes in as arguments and goes out as values: i, f, o = logistic, g = tanh; cell = f ·
/// cell_before + i · g; `hidden` = o · tanh(cell).
template <typename Functions, typename T>
LAQ_DEVICE LAQ_INLINE void unit_forward(UnitGates<T>& gates, const T& cell_before, T& cell,
                                        T& hidden) {
  gates = {Functions::logistic(gates.i), Functions::logistic(gates.f), Functions::tanh(gates.g),
           Functions::logistic(gates.o)};
  cell = gates.f * cell_before + gates.i * gates.g;
  hidden = gates.o * Functions::tanh(cell);
}

/// NaN stays NaN.
template <typename T>
LAQ_DEVICE LAQ_INLINE T clipped(T x, T bound) {
  const T below = x > bound ? bound : x;
  return below < -bound ? -bound : below;
}

/// Given the loss's gradient to the hidden state and, in `to_cell`, to the cell from the next step:
/// `gates` comes in as values and goes out as the gradient to the arguments, clipped to ±bound;
/// `to_cell` goes out as the gradient to cell_before.
template <typename Functions, typename T>
LAQ_DEVICE LAQ_INLINE void unit_backward(UnitGates<T>& gates, T cell_before, T cell, T to_hidden,
                                         T& to_cell, T bound) {
  const auto [i, f, g, o] = gates;
  const T squashed = Functions::tanh(cell);
  const T dc = to_cell + to_hidden * o * (1 - squashed * squashed);
  gates = {clipped(dc * g * i * (1 - i), bound), clipped(dc * cell_before * f * (1 - f), bound),
           clipped(dc * i * (1 - g * g), bound),
           clipped(to_hidden * squashed * o * (1 - o), bound)};
  to_cell = dc * f;
}

}  // namespace laq::kernels
