#include "nn/lstm_gates.hpp"

#include "core/parallel.hpp"
#include "nn/gate_functions.hpp"

namespace laq::nn {
namespace {

template <typename T>
[[gnu::always_inline]] inline void forward(T* __restrict gates, const T* __restrict before,
                                           T* __restrict cell, std::size_t n,
                                           const T* __restrict input, T* __restrict hidden) {
  for (std::size_t j = 0; j < n; ++j) {
    const T i = logistic(gates[j] + input[j]);
    const T f = logistic(gates[n + j] + input[n + j]);
    const T g = fast_tanh(gates[2 * n + j] + input[2 * n + j]);
    const T o = logistic(gates[3 * n + j] + input[3 * n + j]);
    gates[j] = i;
    gates[n + j] = f;
    gates[2 * n + j] = g;
    gates[3 * n + j] = o;
    const T c = f * before[j] + i * g;
    cell[j] = c;
    hidden[j] = o * fast_tanh(c);
  }
}

template <typename T>
[[gnu::always_inline]] inline T clipped(T x, T bound) {
  const T below = x > bound ? bound : x;
  return below < -bound ? -bound : below;
}

template <typename T>
[[gnu::always_inline]] inline void backward(T* __restrict gates, const T* __restrict before,
                                            const T* __restrict cell, std::size_t n,
                                            const T* __restrict to_hidden,
                                            const T* __restrict from_next, T* __restrict to_cell,
                                            T* __restrict sum, T bound) {
// The compiler cannot see that the gates do not overlap, and would leave the loop scalar.
#pragma omp simd
  for (std::size_t j = 0; j < n; ++j) {
    const T i = gates[j], f = gates[n + j], g = gates[2 * n + j], o = gates[3 * n + j];
    const T squashed = fast_tanh(cell[j]);
    const T dh = to_hidden[j] + from_next[j];
    const T dc = to_cell[j] + dh * o * (1 - squashed * squashed);
    const T di = clipped(dc * g * i * (1 - i), bound);
    const T df = clipped(dc * before[j] * f * (1 - f), bound);
    const T dg = clipped(dc * i * (1 - g * g), bound);
    const T d_o = clipped(dh * squashed * o * (1 - o), bound);
    to_cell[j] = dc * f;
    gates[j] = di;
    gates[n + j] = df;
    gates[2 * n + j] = dg;
    gates[3 * n + j] = d_o;
    sum[j] += di;
    sum[n + j] += df;
    sum[2 * n + j] += dg;
    sum[3 * n + j] += d_o;
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
