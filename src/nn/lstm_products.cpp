#include "nn/lstm_products.hpp"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/GradMode.h>
#ifdef LAQ_CUDA
#include <c10/cuda/CUDAStream.h>
#endif

#include "core/error.hpp"
#include "kernels/lstm.hpp"
#include "kernels/lstm_through_time.hpp"

namespace laq::nn {
namespace {

#ifdef LAQ_CUDA
void* stream_of(const at::Device& device) {
  return c10::cuda::getCurrentCUDAStream(device.index()).stream();
}

/// Whether one kernel can do all steps.
bool at_once(std::int64_t batch, const at::Tensor& weight_hh) {
  return weight_hh.is_cuda() && weight_hh.scalar_type() == at::kFloat &&
         kernels::lstm_fits_gpu(batch, weight_hh.size(1));
}

void forward_at_once(const at::Tensor& characters, const at::Tensor& table,
                     const at::Tensor& weight_hh, const LstmPassed& passed, bool keep) {
  kernels::lstm_through_time_on_gpu({.steps = characters.size(0),
                                     .batch = characters.size(1),
                                     .units = weight_hh.size(1),
                                     .characters = characters.data_ptr<std::int64_t>(),
                                     .table = table.data_ptr<float>(),
                                     .weight_hh = weight_hh.data_ptr<float>(),
                                     .hidden = passed.hidden.data_ptr<float>(),
                                     .gates = keep ? passed.gates.data_ptr<float>() : nullptr,
                                     .cells = passed.cells.data_ptr<float>()},
                                    stream_of(weight_hh.device()));
}

void backward_at_once(const LstmPassed& passed, const at::Tensor& weight_hh,
                      const at::Tensor& to_hidden, double bound) {
  const at::Tensor to_cell = at::empty_like(passed.hidden[0]);
  kernels::lstm_back_through_time_on_gpu({.steps = passed.hidden.size(0),
                                          .batch = passed.hidden.size(1),
                                          .units = passed.hidden.size(2),
                                          .weight_hh = weight_hh.data_ptr<float>(),
                                          .cells = passed.cells.data_ptr<float>(),
                                          .to_hidden = to_hidden.data_ptr<float>(),
                                          .gates = passed.gates.data_ptr<float>(),
                                          .to_cell = to_cell.data_ptr<float>(),
                                          .bound = static_cast<float>(bound)},
                                         stream_of(weight_hh.device()));
}
#endif

void require_kernels(const at::Device& device) {
#ifdef LAQ_CUDA
  if (device.is_cuda()) return;
#endif
  if (device.is_cpu()) return;
  throw Error({.what = "this build has no LSTM for such a device",
               .found = device.str(),
               .expected = "cpu, or cuda of a LibTorch with CUDA, built where nvcc is",
               .advice = "see docs/gpu.md"});
}

template <typename Step>
void run(const Step& step, [[maybe_unused]] const at::Device& device) {
#ifdef LAQ_CUDA
  if (device.is_cuda()) return kernels::lstm_step_on_gpu(step, stream_of(device));
#endif
  kernels::lstm_step(step);
}

template <typename T>
void forward(const at::Tensor& characters, const at::Tensor& table, const at::Tensor& weight_hh,
             const LstmPassed& passed) {
  const std::int64_t steps = characters.size(0), batch = characters.size(1), n = weight_hh.size(1);
  const auto hidden = passed.hidden.unbind(), gates = passed.gates.unbind(),
             cells = passed.cells.unbind();
  const at::Tensor recurrent = weight_hh.t();
  kernels::LstmForward<T> step{.batch = batch, .units = n, .table = table.data_ptr<T>()};
  for (std::int64_t t = 0; t < steps; ++t) {
    // Without a way back, one step's gates and two steps' cells are kept.
    const auto now = static_cast<std::size_t>(t);
    at::Tensor gate = gates[now % gates.size()];
    if (t > 0) at::mm_out(gate, hidden[now - 1], recurrent);
    step.characters = characters.data_ptr<std::int64_t>() + t * batch;
    step.gates = gate.data_ptr<T>();
    step.cell = cells[now % cells.size()].data_ptr<T>();
    step.hidden = hidden[now].data_ptr<T>();
    run(step, weight_hh.device());
    step.cell_before = step.cell;
  }
}

template <typename T>
void backward(const LstmPassed& passed, const at::Tensor& weight_hh, const at::Tensor& to_hidden,
              double bound) {
  const std::int64_t steps = passed.hidden.size(0), batch = passed.hidden.size(1),
                     n = passed.hidden.size(2), size = batch * n;
  const auto gates = passed.gates.unbind();
  at::Tensor from_next = at::empty({batch, n}, passed.hidden.options());
  const at::Tensor to_cell = at::empty_like(from_next);
  const T* cells = passed.cells.data_ptr<T>();
  kernels::LstmBackward<T> step{
      .batch = batch, .units = n, .to_cell = to_cell.data_ptr<T>(), .bound = static_cast<T>(bound)};
  for (std::int64_t t = steps - 1; t >= 0; --t) {
    const at::Tensor& gate = gates[static_cast<std::size_t>(t)];
    step.cell = cells + t * size;
    step.cell_before = t > 0 ? cells + (t - 1) * size : nullptr;
    step.to_hidden = to_hidden.data_ptr<T>() + t * size;
    step.gates = gate.data_ptr<T>();
    run(step, weight_hh.device());
    if (t > 0) at::mm_out(from_next, gate, weight_hh);
    step.from_next = from_next.data_ptr<T>();
  }
}

}  // namespace

LstmPassed lstm_by_products(const at::Tensor& characters, const at::Tensor& table,
                            const at::Tensor& weight_hh, bool keep) {
  require_kernels(weight_hh.device());
  const at::NoGradGuard no_gradient;
  const c10::DeviceGuard guard(weight_hh.device());
  const std::int64_t steps = characters.size(0), batch = characters.size(1), n = weight_hh.size(1);
  const auto options = weight_hh.options();
  const LstmPassed passed{at::empty({steps, batch, n}, options),
                          at::empty({keep ? steps : 1, batch, 4 * n}, options),
                          at::empty({keep ? steps : 2, batch, n}, options)};
#ifdef LAQ_CUDA
  if (at_once(batch, weight_hh)) {
    forward_at_once(characters, table, weight_hh, passed, keep);
    return passed;
  }
#endif
  if (weight_hh.scalar_type() == at::kDouble)
    forward<double>(characters, table, weight_hh, passed);
  else
    forward<float>(characters, table, weight_hh, passed);
  return passed;
}

void lstm_back_by_products(const LstmPassed& passed, const at::Tensor& weight_hh,
                           const at::Tensor& to_hidden, double bound) {
  const at::NoGradGuard no_gradient;
  const c10::DeviceGuard guard(weight_hh.device());
#ifdef LAQ_CUDA
  if (at_once(passed.hidden.size(1), weight_hh))
    return backward_at_once(passed, weight_hh, to_hidden, bound);
#endif
  if (weight_hh.scalar_type() == at::kDouble)
    backward<double>(passed, weight_hh, to_hidden, bound);
  else
    backward<float>(passed, weight_hh, to_hidden, bound);
}

}  // namespace laq::nn
