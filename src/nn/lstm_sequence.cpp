#include "nn/lstm_sequence.hpp"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "nn/lstm_gates.hpp"
#include "nn/packed_product.hpp"

namespace laq::nn {
namespace {

/// The part of the batch that one thread carries through all steps: no thread waits for another.
struct Slice {
  std::int64_t begin, rows;
};

std::vector<Slice> slices_of(std::int64_t batch) {
  const std::int64_t count = std::min<std::int64_t>(batch, omp_get_max_threads());
  std::vector<Slice> slices;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t begin = batch * i / count;
    slices.push_back({begin, batch * (i + 1) / count - begin});
  }
  return slices;
}

std::vector<std::int64_t> rows_of(const std::vector<Slice>& slices) {
  std::vector<std::int64_t> rows;
  for (const auto& slice : slices) rows.push_back(slice.rows);
  return rows;
}

template <typename Work>
void for_slices(std::size_t count, const Work& work) {
  std::exception_ptr failed;
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(count))
  for (std::size_t i = 0; i < count; ++i) {
    try {
      work(i);
    } catch (...) {
#pragma omp critical
      failed = std::current_exception();
    }
  }
  if (failed) std::rethrow_exception(failed);
}

template <typename T>
std::vector<T> zeros(std::int64_t count) {
  return std::vector<T>(static_cast<std::size_t>(count));
}

}  // namespace

template <typename T>
void lstm_through_time(const LstmSizes& sizes, const std::int64_t* characters, const T* table,
                       const T* weight_hh, T* hidden, T* gates, T* cells) {
  const std::int64_t n = sizes.units;
  const auto slices = slices_of(sizes.batch);
  const auto products = make_products(weight_hh, {n, 4 * n, true, rows_of(slices)});
  for_slices(slices.size(), [&](std::size_t index) {
    const auto [begin, rows] = slices[index];
    const auto start = zeros<T>(rows * n);
    // Without a way back, one step's gates and two steps' cells are enough.
    auto own_gates = zeros<T>(gates ? 0 : rows * 4 * n),
         own_cells = zeros<T>(cells ? 0 : 2 * rows * n);
    const T* cell_before = start.data();
    const T* hidden_before = nullptr;
    for (std::int64_t t = 0; t < sizes.steps; ++t) {
      const std::int64_t at = t * sizes.batch + begin;
      T* gate = gates ? gates + at * 4 * n : own_gates.data();
      T* cell = cells ? cells + at * n : own_cells.data() + t % 2 * rows * n;
      T* out = hidden + at * n;
      if (hidden_before)
        products[index]->run(hidden_before, gate);
      else
        std::fill(gate, gate + rows * 4 * n, T(0));
      for (std::int64_t row = 0; row < rows; ++row) {
        lstm_forward(
            LstmRow<T>{gate + row * 4 * n, cell_before + row * n, static_cast<std::size_t>(n)},
            table + characters[at + row] * 4 * n, cell + row * n, out + row * n);
      }
      cell_before = cell;
      hidden_before = out;
    }
  });
}

template <typename T>
void lstm_back_through_time(const LstmSizes& sizes, const std::int64_t* characters,
                            const T* weight_hh, const T* to_hidden, const T* cells, T* gates,
                            T* to_table, T bound) {
  const std::int64_t n = sizes.units, table_size = sizes.vocabulary * 4 * n;
  const auto slices = slices_of(sizes.batch);
  const auto products = make_products(weight_hh, {4 * n, n, false, rows_of(slices)});
  std::vector<std::vector<T>> sums(slices.size());
  for_slices(slices.size(), [&](std::size_t index) {
    const auto [begin, rows] = slices[index];
    const auto start = zeros<T>(rows * n);
    auto from_next = zeros<T>(rows * n), to_cell = zeros<T>(rows * n);
    sums[index] = zeros<T>(table_size);
    for (std::int64_t t = sizes.steps - 1; t >= 0; --t) {
      const std::int64_t at = t * sizes.batch + begin;
      T* gate = gates + at * 4 * n;
      const T* cell_before = t > 0 ? cells + (at - sizes.batch) * n : start.data();
      for (std::int64_t row = 0; row < rows; ++row) {
        lstm_backward(
            LstmRow<T>{gate + row * 4 * n, cell_before + row * n, static_cast<std::size_t>(n)},
            cells + (at + row) * n, to_hidden + (at + row) * n, from_next.data() + row * n,
            to_cell.data() + row * n, sums[index].data() + characters[at + row] * 4 * n, bound);
      }
      if (t > 0) products[index]->run(gate, from_next.data());
    }
  });
  std::copy(sums[0].begin(), sums[0].end(), to_table);
  for (std::size_t index = 1; index < sums.size(); ++index) {
    for (std::int64_t i = 0; i < table_size; ++i)
      to_table[i] += sums[index][static_cast<std::size_t>(i)];
  }
}

template void lstm_through_time<float>(const LstmSizes&, const std::int64_t*, const float*,
                                       const float*, float*, float*, float*);
template void lstm_through_time<double>(const LstmSizes&, const std::int64_t*, const double*,
                                        const double*, double*, double*, double*);
template void lstm_back_through_time<float>(const LstmSizes&, const std::int64_t*, const float*,
                                            const float*, const float*, float*, float*, float);
template void lstm_back_through_time<double>(const LstmSizes&, const std::int64_t*, const double*,
                                             const double*, const double*, double*, double*,
                                             double);

}  // namespace laq::nn
