#pragma once

#include <cstdint>
#include <vector>

namespace laq::nn {

struct LstmSizes {
  std::int64_t steps, batch, units, vocabulary;
};

/// Forward through time from a zero state. `characters`: steps × batch; `table`: vocabulary × 4H,
/// W_ih's columns plus both biases; `weight_hh`: 4H × H; `hidden`: steps × batch × H. What the way
/// back needs is written to `gates` (steps × batch × 4H) and `cells` (steps × batch × H), unless
/// they are null.
template <typename T>
void lstm_through_time(const LstmSizes& sizes, const std::int64_t* characters, const T* table,
                       const T* weight_hh, T* hidden, T* gates, T* cells);

/// Backward through time. `to_hidden`: the loss's gradient to every hidden state. `gates` becomes
/// the gradient to the gates' arguments, clipped to ±bound at each step before it goes on;
/// `to_table` (vocabulary × 4H) is the gradient to `table`.
template <typename T>
void lstm_back_through_time(const LstmSizes& sizes, const std::int64_t* characters,
                            const T* weight_hh, const T* to_hidden, const T* cells, T* gates,
                            T* to_table, T bound);

}  // namespace laq::nn
