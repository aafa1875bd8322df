#pragma once

#include <cstdint>

// An LSTM through all time steps in one kernel of a GPU. The recurrent weights stay in the
// processors' shared memory, a block has some units of some rows of the batch, and all blocks wait
// for each other between the steps. Arrays as in kernels/lstm.hpp, of all steps, float32; sums are
// always added up in the same order.

namespace laq::kernels {

struct LstmThroughTime {
  std::int64_t steps = 0, batch = 0, units = 0;
  const std::int64_t* characters = nullptr;  ///< steps × batch
  const float* table = nullptr;              ///< vocabulary × 4H
  const float* weight_hh = nullptr;          ///< 4H × H
  float* hidden = nullptr;                   ///< steps × batch × H
  float* gates = nullptr;  ///< steps × batch × 4H, the gates' values; null: not wanted
  float* cells = nullptr;  ///< steps × batch × H; without `gates` one step's
};

struct LstmBackThroughTime {
  std::int64_t steps = 0, batch = 0, units = 0;
  const float* weight_hh = nullptr;  ///< 4H × H
  const float* cells = nullptr;      ///< steps × batch × H
  const float* to_hidden = nullptr;  ///< steps × batch × H: from the output
  float* gates = nullptr;    ///< steps × batch × 4H: values in, gradients to the arguments out
  float* to_cell = nullptr;  ///< batch × H, to work with
  float bound = 0;           ///< the gates' gradients are clipped to ±bound
};

/// Whether the present device has room for both ways: 256 or 512 units, and a batch for whose
/// blocks there are processors (100 rows on an H100 with 132). Only where nvcc was found.
bool lstm_fits_gpu(std::int64_t batch, std::int64_t units);

/// Queued on `stream` (a cudaStream_t). Error: the launch was refused (std::runtime_error).
void lstm_through_time_on_gpu(const LstmThroughTime& all, void* stream);
void lstm_back_through_time_on_gpu(const LstmBackThroughTime& all, void* stream);

}  // namespace laq::kernels
