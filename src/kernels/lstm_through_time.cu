#include <cooperative_groups.h>
#include <cuda_pipeline_primitives.h>

#include "kernels/gpu_launch.cuh"
#include "kernels/lstm_step.hpp"
#include "kernels/lstm_through_time.hpp"

namespace laq::kernels {
namespace {

constexpr int kWarps = 8, kThreads = 32 * kWarps;
// A thread adds up 7 rows × 8 columns.
constexpr int kThreadRows = 7, kThreadColumns = 8;

/// The rows of a block.
struct Rows {
  std::int64_t first;
  int count;
};

__device__ Rows own_rows(std::int64_t batch) {
  const std::int64_t tiles = gridDim.y, tile = blockIdx.y;
  const std::int64_t first = batch * tile / tiles;
  return {first, static_cast<int>(batch * (tile + 1) / tiles - first)};
}

/// Begins the copies of `Pieces` times four numbers of each row; a row has `Length` in shared
/// memory and `stride` where it comes from.
template <int Pieces, int Length>
__device__ void copy_rows(float* to, const float* from, std::int64_t stride, int rows, int lane) {
  for (int at = lane; at < rows * Pieces; at += 32) {
    const int row = at / Pieces, k = 4 * (at % Pieces);
    __pipeline_memcpy_async(to + row * Length + k, from + row * stride + k, 16);
  }
}

/// The warp's copies but for the `Later` batches of them begun last.
template <int Later>
__device__ void wait_for_copies() {
  __pipeline_wait_prior(Later);
  __syncwarp();
}

/// `sum` += a · bᵀ over four summands at `k`. The thread's rows are `row`, `row` + RowStep …, of
/// `rows` in `a`; its columns `column`, `column` + ColumnStep … in `b`.
template <int RowStep, int RowLength, int ColumnStep, int ColumnLength>
__device__ void multiply(float (&sum)[kThreadRows][kThreadColumns], const float* a, int row,
                         int rows, const float* b, int column, int a_at, int b_at) {
  float4 x[kThreadRows], y[kThreadColumns];
#pragma unroll
  for (int i = 0; i < kThreadRows; ++i) {
    const int from = min(row + RowStep * i, rows - 1);  // rows past the end are not used
    x[i] = *reinterpret_cast<const float4*>(a + from * RowLength + a_at);
  }
#pragma unroll
  for (int j = 0; j < kThreadColumns; ++j)
    y[j] = *reinterpret_cast<const float4*>(b + (column + ColumnStep * j) * ColumnLength + b_at);
#pragma unroll
  for (int i = 0; i < kThreadRows; ++i) {
#pragma unroll
    for (int j = 0; j < kThreadColumns; ++j) {
      sum[i][j] = fmaf(x[i].x, y[j].x, sum[i][j]);
      sum[i][j] = fmaf(x[i].y, y[j].y, sum[i][j]);
      sum[i][j] = fmaf(x[i].z, y[j].z, sum[i][j]);
      sum[i][j] = fmaf(x[i].w, y[j].w, sum[i][j]);
    }
  }
}

// ——— forward

/// A block has 8 units (32 columns of gates) of up to 50 rows; each warp an eighth of the summands,
/// whose hidden states it brings to shared memory in four stages. Lengths of rows in shared memory
/// spread what eight threads read over all banks.
template <int Units>
struct Forward {
  static constexpr int kOwn = 8, kMostRows = 50, kColumns = 4 * kOwn;
  static constexpr int kDepth = Units / kWarps, kStages = 4, kStage = kDepth / kStages;
  static constexpr int kRowLanes = 8, kColumnLanes = 4;
  static constexpr int kLength = kDepth + 4, kPartLength = kColumns + 4;
  static constexpr int kWarpFloats = (kMostRows + kColumns) * kLength;
  static constexpr std::size_t kBytes = sizeof(float) * kWarps * kWarpFloats;
  static_assert(kPartLength <= kLength);  // the sums take the hidden states' place
  static_assert(kRowLanes * kThreadRows >= kMostRows && kColumnLanes * kThreadColumns == kColumns);
};

template <int Units>
__global__ void __launch_bounds__(kThreads, 1) forward_kernel(const LstmThroughTime all) {
  using F = Forward<Units>;
  extern __shared__ __align__(16) float shared[];
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int row_lane = lane % F::kRowLanes, column_lane = lane / F::kRowLanes;
  float* h = shared + warp * F::kWarpFloats;
  float* w = h + F::kMostRows * F::kLength;
  constexpr std::int64_t n = Units;
  const std::int64_t unit = static_cast<std::int64_t>(blockIdx.x) * F::kOwn;
  const auto [first, rows] = own_rows(all.batch);
  // Column c is gate c / 8 of unit c % 8.
  for (int at = lane; at < F::kColumns * F::kDepth; at += 32) {
    const int c = at / F::kDepth, k = at % F::kDepth;
    const std::int64_t from = c / F::kOwn * n + unit + c % F::kOwn;
    w[c * F::kLength + k] = all.weight_hh[from * n + warp * F::kDepth + k];
  }
  __syncwarp();
  for (std::int64_t t = 0; t < all.steps; ++t) {
    const std::int64_t place = t * all.batch + first;
    if (t > 0) {
      const float* before = all.hidden + (place - all.batch) * n + warp * F::kDepth;
#pragma unroll
      for (int stage = 0; stage < F::kStages; ++stage) {
        copy_rows<F::kStage / 4, F::kLength>(h + stage * F::kStage, before + stage * F::kStage, n,
                                             rows, lane);
        __pipeline_commit();
      }
      float sum[kThreadRows][kThreadColumns] = {};
      const auto add_stage = [&](int stage) {
#pragma unroll 2
        for (int k = stage * F::kStage; k < (stage + 1) * F::kStage; k += 4)
          multiply<F::kRowLanes, F::kLength, F::kColumnLanes, F::kLength>(sum, h, row_lane, rows, w,
                                                                          column_lane, k, k);
      };
      wait_for_copies<3>();
      add_stage(0);
      wait_for_copies<2>();
      add_stage(1);
      wait_for_copies<1>();
      add_stage(2);
      wait_for_copies<0>();
      add_stage(3);
      __syncwarp();
#pragma unroll
      for (int i = 0; i < kThreadRows; ++i) {
        const int row = row_lane + F::kRowLanes * i;
#pragma unroll
        for (int j = 0; j < kThreadColumns; ++j) {
          if (row < rows) h[row * F::kPartLength + column_lane + F::kColumnLanes * j] = sum[i][j];
        }
      }
      __syncthreads();
    }
    const std::int64_t cell_place = all.gates ? place : first;
    for (int at = static_cast<int>(threadIdx.x); at < rows * F::kOwn; at += kThreads) {
      const int row = at / F::kOwn, u = at % F::kOwn;
      const std::int64_t line = place + row;
      UnitGates<float> gates = load_gates(all.table + all.characters[line] * 4 * n + unit + u, n);
      float* cell_at = all.cells + (cell_place + row) * n + unit + u;
      float cell_before = 0;
      if (t > 0) {
        float total[4] = {};
#pragma unroll
        for (int part = 0; part < kWarps; ++part) {
          const float* from = shared + part * F::kWarpFloats + row * F::kPartLength + u;
#pragma unroll
          for (int gate = 0; gate < 4; ++gate) total[gate] += from[gate * F::kOwn];
        }
        gates = {total[0] + gates.i, total[1] + gates.f, total[2] + gates.g, total[3] + gates.o};
        cell_before = *(all.gates ? cell_at - all.batch * n : cell_at);
      }
      float cell, hidden;
      unit_forward<LibraryFunctions>(gates, cell_before, cell, hidden);
      if (all.gates) store_gates(gates, all.gates + line * 4 * n + unit + u, n);
      *cell_at = cell;
      all.hidden[line * n + unit + u] = hidden;
    }
    cooperative_groups::this_grid().sync();
  }
}

// ——— backward

/// A block has 16 units of up to 25 rows; each warp an eighth of the 4H summands, of which it
/// brings 32 at a time to shared memory; four groups of its lanes take four of them by turns.
template <int Units>
struct Backward {
  static constexpr int kOwn = 16, kMostRows = 25, kDepth = 4 * Units / kWarps;
  static constexpr int kRowLanes = 4, kDepthLanes = 4, kColumnLanes = 2;
  static constexpr int kChunk = 32, kChunks = kDepth / kChunk, kSlots = 3;
  static constexpr int kLength = kChunk + 8, kWeightLength = kDepth + 4, kPartLength = kOwn + 4;
  static constexpr int kSlotFloats = kMostRows * kLength;
  static constexpr int kWarpFloats = kSlots * kSlotFloats + kOwn * kWeightLength;
  static constexpr std::size_t kBytes = sizeof(float) * kWarps * kWarpFloats;
  static_assert(kMostRows * kPartLength <= kSlots * kSlotFloats);
  static_assert(kRowLanes * kThreadRows >= kMostRows && kColumnLanes * kThreadColumns == kOwn);
  static_assert(kRowLanes * kDepthLanes * kColumnLanes == 32 && kChunks >= 2);
};

template <int Units>
__global__ void __launch_bounds__(kThreads, 1) backward_kernel(const LstmBackThroughTime all) {
  using B = Backward<Units>;
  extern __shared__ __align__(16) float shared[];
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int row_lane = lane % B::kRowLanes, depth_lane = lane / B::kRowLanes % B::kDepthLanes,
            column_lane = lane / (B::kRowLanes * B::kDepthLanes);
  float* slots = shared + warp * B::kWarpFloats;
  float* w = slots + B::kSlots * B::kSlotFloats;
  constexpr std::int64_t n = Units;
  const std::int64_t unit = static_cast<std::int64_t>(blockIdx.x) * B::kOwn;
  const auto [first, rows] = own_rows(all.batch);
  for (int at = lane; at < B::kOwn * B::kDepth; at += 32) {
    const int c = at % B::kOwn, k = at / B::kOwn;
    w[c * B::kWeightLength + k] = all.weight_hh[(warp * B::kDepth + k) * n + unit + c];
  }
  __syncwarp();
  for (std::int64_t t = all.steps - 1; t >= 0; --t) {
    const std::int64_t place = t * all.batch + first;
    const bool last = t == all.steps - 1;
    if (!last) {
      const float* next = all.gates + (place + all.batch) * 4 * n + warp * B::kDepth;
      const auto bring = [&](int chunk) {
        copy_rows<B::kChunk / 4, B::kLength>(slots + chunk % B::kSlots * B::kSlotFloats,
                                             next + chunk * B::kChunk, 4 * n, rows, lane);
      };
      bring(0);
      __pipeline_commit();
      bring(1);
      __pipeline_commit();
      float sum[kThreadRows][kThreadColumns] = {};
#pragma unroll 1
      for (int chunk = 0; chunk < B::kChunks; ++chunk) {
        wait_for_copies<1>();  // and all lanes are done with the slot that is filled next
        if (chunk + 2 < B::kChunks) bring(chunk + 2);
        __pipeline_commit();
        const float* from = slots + chunk % B::kSlots * B::kSlotFloats;
#pragma unroll
        for (int k = 0; k < B::kChunk; k += 4 * B::kDepthLanes) {
          const int at = k + 4 * depth_lane;
          multiply<B::kRowLanes, B::kLength, B::kColumnLanes, B::kWeightLength>(
              sum, from, row_lane, rows, w, column_lane, at, chunk * B::kChunk + at);
        }
      }
      __syncwarp();
#pragma unroll
      for (int i = 0; i < kThreadRows; ++i) {
        const int row = row_lane + B::kRowLanes * i;
#pragma unroll
        for (int j = 0; j < kThreadColumns; ++j) {
          float total = sum[i][j];
          total += __shfl_xor_sync(0xffffffffu, total, B::kRowLanes);
          total += __shfl_xor_sync(0xffffffffu, total, 2 * B::kRowLanes);
          if (depth_lane == 0 && row < rows)
            slots[row * B::kPartLength + column_lane + B::kColumnLanes * j] = total;
        }
      }
      __syncthreads();
    }
    for (int at = static_cast<int>(threadIdx.x); at < rows * B::kOwn; at += kThreads) {
      const int row = at / B::kOwn, u = at % B::kOwn;
      const std::int64_t line = place + row, element = line * n + unit + u;
      float* own = all.gates + line * 4 * n + unit + u;
      float* carried = all.to_cell + (first + row) * n + unit + u;
      UnitGates<float> gates = load_gates<float>(own, n);
      const float cell_before = t > 0 ? all.cells[element - all.batch * n] : 0.0f;
      float to_hidden = all.to_hidden[element], to_cell = 0;
      if (!last) {
        float from_next = 0;
#pragma unroll
        for (int part = 0; part < kWarps; ++part)
          from_next += shared[part * B::kWarpFloats + row * B::kPartLength + u];
        to_hidden += from_next;
        to_cell = *carried;
      }
      unit_backward<LibraryFunctions>(gates, cell_before, all.cells[element], to_hidden, to_cell,
                                      all.bound);
      store_gates(gates, own, n);
      *carried = to_cell;
    }
    cooperative_groups::this_grid().sync();
  }
}

// ——— launches

int attribute(cudaDeviceAttr which) {
  int device = 0, value = 0;
  check(cudaGetDevice(&device), "device");
  check(cudaDeviceGetAttribute(&value, which, device), "device");
  return value;
}

template <typename Shape>
dim3 blocks_of(std::int64_t batch, std::int64_t units) {
  return dim3(static_cast<unsigned>(units / Shape::kOwn),
              static_cast<unsigned>((batch + Shape::kMostRows - 1) / Shape::kMostRows));
}

/// Each block takes a processor of its own.
template <typename Shape>
bool fits(std::int64_t batch, std::int64_t units) {
  const dim3 blocks = blocks_of<Shape>(batch, units);
  return std::int64_t{blocks.x} * blocks.y <= attribute(cudaDevAttrMultiProcessorCount) &&
         Shape::kBytes <=
             static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)) &&
         attribute(cudaDevAttrCooperativeLaunch) != 0;
}

template <typename Shape, typename Kernel, typename All>
void launch(Kernel* kernel, const All& all, void* stream, const char* what) {
  if (all.steps == 0 || all.batch == 0) return;
  launch_together(kernel, blocks_of<Shape>(all.batch, all.units), kThreads, Shape::kBytes,
                  static_cast<cudaStream_t>(stream), what, all);
}

}  // namespace

bool lstm_fits_gpu(std::int64_t batch, std::int64_t units) {
  if (units == 256) return fits<Forward<256>>(batch, units) && fits<Backward<256>>(batch, units);
  return units == 512 && fits<Forward<512>>(batch, units) && fits<Backward<512>>(batch, units);
}

void lstm_through_time_on_gpu(const LstmThroughTime& all, void* stream) {
  constexpr const char* kWhat = "the LSTM through time";
  if (all.units == 256) return launch<Forward<256>>(forward_kernel<256>, all, stream, kWhat);
  launch<Forward<512>>(forward_kernel<512>, all, stream, kWhat);
}

void lstm_back_through_time_on_gpu(const LstmBackThroughTime& all, void* stream) {
  constexpr const char* kWhat = "the LSTM back through time";
  if (all.units == 256) return launch<Backward<256>>(backward_kernel<256>, all, stream, kWhat);
  launch<Backward<512>>(backward_kernel<512>, all, stream, kWhat);
}

}  // namespace laq::kernels
