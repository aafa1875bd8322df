#include "nn/lstm_gates.hpp"

#include "core/parallel.hpp"
#include "kernels/lstm_unit.hpp"
#include "nn/gate_functions.hpp"

namespace laq::nn {
namespace {

using kernels::UnitGates;

struct Functions {
  template <typename T>
  LAQ_INLINE static T logistic(T x) {
    return nn::logistic(x);
  }
  template <typename T>
  LAQ_INLINE static T tanh(T x) {
    return fast_tanh(x);
  }
};

template <typename T>
LAQ_INLINE void forward(T* __restrict gates, const T* __restrict before, T* __restrict cell,
                        std::size_t n, const T* __restrict input, T* __restrict hidden) {
  for (std::size_t j = 0; j < n; ++j) {
    UnitGates<T> unit = {gates[j] + input[j], gates[n + j] + input[n + j],
                         gates[2 * n + j] + input[2 * n + j], gates[3 * n + j] + input[3 * n + j]};
    kernels::unit_forward<Functions>(unit, before[j], cell[j], hidden[j]);
    gates[j] = unit.i;
    gates[n + j] = unit.f;
    gates[2 * n + j] = unit.g;
    gates[3 * n + j] = unit.o;
  }
}

template <typename T>
LAQ_INLINE void backward(T* __restrict gates, const T* __restrict before, const T* __restrict cell,
                         std::size_t n, const T* __restrict to_hidden,
                         const T* __restrict from_next, T* __restrict to_cell, T* __restrict sum,
                         T bound) {
// The compiler cannot see that the gates do not overlap, and would leave the loop scalar.
#pragma omp simd
  for (std::size_t j = 0; j < n; ++j) {
    UnitGates<T> unit = {gates[j], gates[n + j], gates[2 * n + j], gates[3 * n + j]};
    kernels::unit_backward<Functions>(unit, before[j], cell[j], to_hidden[j] + from_next[j],
                                      to_cell[j], bound);
    gates[j] = unit.i;
    gates[n + j] = unit.f;
    gates[2 * n + j] = unit.g;
    gates[3 * n + j] = unit.o;
    sum[j] += unit.i;
    sum[n + j] += unit.f;
    sum[2 * n + j] += unit.g;
    sum[3 * n + j] += unit.o;
  }
}

LAQ_VECTORISED
void forward_float(float* gates, const float* before, float* cell, std::size_t n,
                   const float* input, float* hidden) {
  forward(gates, before, cell, n, input, hidden);
}

LAQ_VECTORISED
void backward_float(float* gates, const float* before, const float* cell, std::size_t n,
                    const float* to_hidden, const float* from_next, float* to_cell, float* sum,
                    float bound) {
  backward(gates, before, cell, n, to_hidden, from_next, to_cell, sum, bound);
}

}  // namespace

void lstm_forward(const LstmRow<float>& row, const float* input, float* cell, float* hidden) {
  forward_float(row.gates, row.cell_before, cell, row.n, input, hidden);
}

void lstm_forward(const LstmRow<double>& row, const double* input, double* cell, double* hidden) {
  forward(row.gates, row.cell_before, cell, row.n, input, hidden);
}

void lstm_backward(const LstmRow<float>& row, const float* cell, const float* to_hidden,
                   const float* from_next, float* to_cell, float* sum, float bound) {
  backward_float(row.gates, row.cell_before, cell, row.n, to_hidden, from_next, to_cell, sum,
                 bound);
}

void lstm_backward(const LstmRow<double>& row, const double* cell, const double* to_hidden,
                   const double* from_next, double* to_cell, double* sum, double bound) {
  backward(row.gates, row.cell_before, cell, row.n, to_hidden, from_next, to_cell, sum, bound);
}

}  // namespace laq::nn
