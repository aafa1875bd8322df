#pragma once

#include <cstddef>

namespace laq::nn {

/// One sequence at one time step of an LSTM with n units. Gate vectors have 4n values in LibTorch's
/// order i, f, g, o. For float (vectorised) and double.
template <typename T>
struct LstmRow {
  T* gates;  ///< 4n; see the functions
  const T* cell_before;
  std::size_t n;
};

/// `gates` comes in as W_hh h and goes out as the gates' values: with `input` (W_ih x + b) added,
/// i, f, o = logistic, g = tanh; cell = f · cell_before + i · g; `hidden` = o · tanh(cell).
void lstm_forward(const LstmRow<float>& row, const float* input, float* cell, float* hidden);
void lstm_forward(const LstmRow<double>& row, const double* input, double* cell, double* hidden);

/// Given the loss's gradients to the hidden state (`to_hidden` + `from_next`) and, in `to_cell`, to
/// the cell from the next step: `gates` comes in as the gates' values and goes out as the gradient
/// to their arguments, clipped to ±bound (NaN stays), which is also added to `sum`; `to_cell` goes
/// out as the gradient to cell_before.
void lstm_backward(const LstmRow<float>& row, const float* cell, const float* to_hidden,
                   const float* from_next, float* to_cell, float* sum, float bound);
void lstm_backward(const LstmRow<double>& row, const double* cell, const double* to_hidden,
                   const double* from_next, double* to_cell, double* sum, double bound);

}  // namespace laq::nn
