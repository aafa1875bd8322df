#pragma once

#include <cmath>

#include "kernels/lstm.hpp"
#include "kernels/lstm_unit.hpp"

// What one thread does in a time step: one unit of one row of the batch.

namespace laq::kernels {

/// The standard library's, which a GPU has too.
struct LibraryFunctions {
  LAQ_DEVICE static float tanh(float x) { return ::tanhf(x); }
  LAQ_DEVICE static double tanh(double x) { return ::tanh(x); }
  LAQ_DEVICE static float logistic(float x) { return 1.0f / (1.0f + ::expf(-x)); }
  LAQ_DEVICE static double logistic(double x) { return 1.0 / (1.0 + ::exp(-x)); }
};

template <typename T>
LAQ_DEVICE inline UnitGates<T> load_gates(const T* from, std::int64_t units) {
  return {from[0], from[units], from[2 * units], from[3 * units]};
}

template <typename T>
LAQ_DEVICE inline void store_gates(const UnitGates<T>& gates, T* to, std::int64_t units) {
  to[0] = gates.i;
  to[units] = gates.f;
  to[2 * units] = gates.g;
  to[3 * units] = gates.o;
}

template <typename T>
LAQ_DEVICE inline void forward_at(const LstmForward<T>& step, std::int64_t row, std::int64_t unit) {
  const std::int64_t n = step.units, at = row * n + unit;
  const bool first = !step.cell_before;
  T* place = step.gates + row * 4 * n + unit;
  UnitGates<T> gates = load_gates(step.table + step.characters[row] * 4 * n + unit, n);
  T before = 0;
  if (!first) {
    const UnitGates<T> recurrent = load_gates<T>(place, n);
    gates = {recurrent.i + gates.i, recurrent.f + gates.f, recurrent.g + gates.g,
             recurrent.o + gates.o};
    before = step.cell_before[at];
  }
  T cell, hidden;
  unit_forward<LibraryFunctions>(gates, before, cell, hidden);
  store_gates(gates, place, n);
  step.cell[at] = cell;
  step.hidden[at] = hidden;
}

template <typename T>
LAQ_DEVICE inline void backward_at(const LstmBackward<T>& step, std::int64_t row,
                                   std::int64_t unit) {
  const std::int64_t n = step.units, at = row * n + unit;
  T* place = step.gates + row * 4 * n + unit;
  UnitGates<T> gates = load_gates<T>(place, n);
  const T before = step.cell_before ? step.cell_before[at] : T(0);
  const T cell = step.cell[at];
  T to_hidden = step.to_hidden[at], to_cell = 0;
  if (step.from_next) {
    to_hidden += step.from_next[at];
    to_cell = step.to_cell[at];
  }
  unit_backward<LibraryFunctions>(gates, before, cell, to_hidden, to_cell, step.bound);
  store_gates(gates, place, n);
  step.to_cell[at] = to_cell;
}

}  // namespace laq::kernels
