#pragma once

#include <cstdint>

namespace laq::kernels {

// The elementwise part of one time step of an LSTM over a batch of characters, with H units. What
// has 4H values has the gates in LibTorch's order i, f, g, o. All arrays are dense and in the
// memory of the device, none overlaps another.

template <typename T>
struct LstmForward {
  std::int64_t batch = 0, units = 0;
  const std::int64_t* characters = nullptr;  ///< batch
  const T* table = nullptr;                  ///< vocabulary × 4H: W_ih's columns plus the biases
  const T* cell_before = nullptr;  ///< batch × H; null: the first step, from a zero state
  /// batch × 4H: comes in as W_hh h (not read at the first step), goes out as the gates' values.
  T* gates = nullptr;
  T* cell = nullptr;    ///< batch × H
  T* hidden = nullptr;  ///< batch × H
};

template <typename T>
struct LstmBackward {
  std::int64_t batch = 0, units = 0;
  const T* cell_before = nullptr;  ///< batch × H; null: the first step
  const T* cell = nullptr;         ///< batch × H
  const T* to_hidden = nullptr;  ///< batch × H: the gradient to the hidden state, from the output
  const T* from_next = nullptr;  ///< batch × H: from the next step; null: the last step
  /// batch × 4H: comes in as the gates' values, goes out as the gradient to their arguments.
  T* gates = nullptr;
  /// batch × H: comes in as the gradient to the cell from the next step (not read at the last
  /// one), goes out as that to the cell before.
  T* to_cell = nullptr;
  T bound = 0;  ///< the gates' gradients are clipped to ±bound; NaN stays NaN
};

/// By the calling thread, in the host's memory. For float and double.
template <typename T>
void lstm_step(const LstmForward<T>& step);
template <typename T>
void lstm_step(const LstmBackward<T>& step);

/// By a GPU, queued on `stream` (a cudaStream_t). Only where nvcc was found. Error: the launch was
/// refused (std::runtime_error).
template <typename T>
void lstm_step_on_gpu(const LstmForward<T>& step, void* stream);
template <typename T>
void lstm_step_on_gpu(const LstmBackward<T>& step, void* stream);

}  // namespace laq::kernels
