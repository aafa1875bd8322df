#include "nn/dense.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <map>

#include "core/error.hpp"
#include "nn/onednn.hpp"

namespace laq::nn {
namespace {

using dnnl::memory;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

memory::desc describe(const at::Tensor& matrix) {
  if (!matrix.defined()) return {};
  return {matrix.sizes().vec(), memory::data_type::f32, matrix.strides().vec()};
}

memory in_place(const at::Tensor& matrix) {
  return {describe(matrix), onednn_cpu(), matrix.data_ptr<float>()};
}

// A network has few; a primitive is made for the number of threads that there is.
const dnnl::matmul& primitive(const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias,
                              const at::Tensor& out) {
  using Key = std::array<std::int64_t, 9>;
  thread_local std::map<Key, dnnl::matmul> made;
  const Key key{a.size(0),   a.size(1),   b.size(1),      a.stride(0),          a.stride(1),
                b.stride(0), b.stride(1), bias.defined(), omp_get_max_threads()};
  const auto found = made.find(key);
  if (found != made.end()) return found->second;
  const auto plan = plan_product(describe(a), describe(b), describe(bias), describe(out));
  return made.emplace(key, dnnl::matmul(plan)).first->second;
}

// a · b (+ bias, one row) for matrices in any layout.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias = {}) try {
  at::Tensor out = at::empty({a.size(0), b.size(1)}, a.options());
  thread_local dnnl::stream stream(onednn_cpu());
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, in_place(a)}, {DNNL_ARG_WEIGHTS, in_place(b)}, {DNNL_ARG_DST, in_place(out)}};
  if (bias.defined()) arguments.emplace(DNNL_ARG_BIAS, in_place(bias));
  primitive(a, b, bias, out).execute(stream, arguments);
  stream.wait();
  return out;
} catch (const dnnl::error& error) {
  throw Error(
      {.what = fmt::format("oneDNN cannot multiply matrices: {}", error.what()),
       .found = fmt::format("{} x {} by {} x {}", a.size(0), a.size(1), b.size(0), b.size(1))});
}

struct DenseProduct : torch::autograd::Function<DenseProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    context->save_for_backward({x, weight});
    return product(x, weight.t(), bias.unsqueeze(0));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor by_y = gradients[0].contiguous();  // a broadcast one has strides of 0
    return {context->needs_input_grad(0) ? product(by_y, weight) : at::Tensor(),
            product(by_y.t(), x), by_y.sum(0)};
  }
};

}  // namespace

at::Tensor dense(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const bool ours = weight.is_cpu() && weight.scalar_type() == at::kFloat && x.dim() == 2 &&
                    bias.defined() && x.numel() > 0 &&
                    weight.numel() > 0;  // oneDNN divides by a size of 0
  return ours ? DenseProduct::apply(x.contiguous(), weight.contiguous(), bias)
              : at::linear(x, weight, bias);
}

}  // namespace laq::nn
