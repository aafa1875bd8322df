#include "nn/lstm.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <limits>

#include "core/error.hpp"
#include "nn/lstm_products.hpp"
#include "nn/lstm_sequence.hpp"
#include "nn/packed_product.hpp"
#include "nn/recurrent.hpp"

namespace laq::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

LstmSizes sizes_of(const at::Tensor& characters, const LstmWeights& weights) {
  return {characters.size(0), characters.size(1), weights.weight_hh.size(1),
          weights.weight_ih.size(1)};
}

void check_weights(const LstmWeights& weights) {
  const at::Tensor& hh = weights.weight_hh;
  const bool shaped = hh.dim() == 2 && hh.size(0) == 4 * hh.size(1) && weights.weight_ih.dim() == 2;
  bool good = shaped && (hh.scalar_type() == at::kFloat || hh.scalar_type() == at::kDouble);
  for (const auto* tensor : {&weights.weight_ih, &weights.bias_ih, &weights.bias_hh}) {
    good = good && tensor->scalar_type() == hh.scalar_type() && tensor->size(0) == hh.size(0);
  }
  if (!good) {
    throw Error({.what = "the LSTM's weights do not fit each other",
                 .expected = "4H x V, 4H x H, 4H and 4H, all float32 or all float64"});
  }
}

void check_characters(const at::Tensor& characters, std::int64_t vocabulary) {
  if (characters.dim() != 2 || characters.numel() == 0) {
    throw Error(
        {.what = "the LSTM's input is not a batch of characters",
         .found = fmt::format("{} dimensions, {} values", characters.dim(), characters.numel()),
         .expected = "steps x batch"});
  }
  const auto low = characters.min().item<std::int64_t>();
  const auto high = characters.max().item<std::int64_t>();
  if (low >= 0 && high < vocabulary) return;
  throw Error({.what = "a character is not in the vocabulary",
               .found = fmt::format("{} to {}", low, high),
               .expected = fmt::format("0 to {}", vocabulary - 1)});
}

// Calls work with a null pointer of the tensors' type.
template <typename Work>
void with_type(const at::Tensor& tensor, const Work& work) {
  if (tensor.scalar_type() == at::kDouble)
    work(static_cast<double*>(nullptr));
  else
    work(static_cast<float*>(nullptr));
}

/// How: on the CPU by threads that each carry a part of the batch, or on any device by products.
enum class Way { threads, products };

LstmPassed pass(const at::Tensor& characters, const LstmWeights& weights, Way way, bool keep) {
  const at::Tensor table =
      (weights.weight_ih.t() + (weights.bias_ih + weights.bias_hh)).contiguous();
  const at::Tensor recurrent = weights.weight_hh.contiguous();
  if (way == Way::products) return lstm_by_products(characters, table, recurrent, keep);
  const LstmSizes size = sizes_of(characters, weights);
  LstmPassed out;
  out.hidden = at::empty({size.steps, size.batch, size.units}, recurrent.options());
  if (keep) {
    out.gates = at::empty({size.steps, size.batch, 4 * size.units}, recurrent.options());
    out.cells = at::empty_like(out.hidden);
  }
  with_type(recurrent, [&](auto* typed) {
    using T = std::remove_pointer_t<decltype(typed)>;
    lstm_through_time<T>(size, characters.data_ptr<std::int64_t>(), table.data_ptr<T>(),
                         recurrent.data_ptr<T>(), out.hidden.data_ptr<T>(),
                         keep ? out.gates.data_ptr<T>() : nullptr,
                         keep ? out.cells.data_ptr<T>() : nullptr);
  });
  return out;
}

/// Turns the gates' values into the gradients to their arguments; returns the gradient to the
/// table, vocabulary × 4H.
at::Tensor pass_back(const at::Tensor& characters, std::int64_t vocabulary,
                     const at::Tensor& weight_hh, const LstmPassed& passed,
                     const at::Tensor& to_hidden, Way way, double bound) {
  const at::Tensor& gates = passed.gates;
  if (way == Way::products) {
    lstm_back_by_products(passed, weight_hh, to_hidden, bound);
    // A product, since an addition by index has no order on a GPU.
    const at::Tensor one_hot = one_hot_rows(characters.flatten(), vocabulary, gates.scalar_type());
    return one_hot.t().mm(gates.flatten(0, 1));
  }
  const LstmSizes size{gates.size(0), gates.size(1), weight_hh.size(1), vocabulary};
  const at::Tensor to_table = at::empty({vocabulary, 4 * size.units}, gates.options());
  with_type(gates, [&](auto* typed) {
    using T = std::remove_pointer_t<decltype(typed)>;
    lstm_back_through_time<T>(size, characters.data_ptr<std::int64_t>(), weight_hh.data_ptr<T>(),
                              to_hidden.data_ptr<T>(), passed.cells.data_ptr<T>(),
                              gates.data_ptr<T>(), to_table.data_ptr<T>(), static_cast<T>(bound));
  });
  return to_table;
}

// Σ over steps of (gradient to the gates' arguments)ᵀ · (hidden state before). The first step's
// hidden state is zero.
at::Tensor to_weight_hh(const at::Tensor& gates, const at::Tensor& hidden, Way way) {
  const std::int64_t steps = hidden.size(0), n = hidden.size(2);
  if (steps == 1) return at::zeros({4 * n, n}, hidden.options());
  const at::Tensor before = hidden.narrow(0, 0, steps - 1).reshape({-1, n});
  const at::Tensor after = gates.narrow(0, 1, steps - 1).reshape({-1, 4 * n});
  if (way == Way::products || hidden.scalar_type() == at::kDouble) return after.t().mm(before);
  const at::Tensor out = at::empty({n, 4 * n}, hidden.options());
  product_of_transposed(before.data_ptr<float>(), after.data_ptr<float>(), out.data_ptr<float>(), n,
                        4 * n, before.size(0));
  return out.t().contiguous();
}

class OneHotLstm : public torch::autograd::Function<OneHotLstm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& characters,
                            const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                            const at::Tensor& bias_ih, const at::Tensor& bias_hh, double gate_bound,
                            bool by_products) {
    const Way way = by_products ? Way::products : Way::threads;
    const LstmPassed passed =
        pass(characters, {weight_ih, weight_hh, bias_ih, bias_hh}, way, /*keep=*/true);
    context->save_for_backward({characters, weight_hh, passed.hidden});
    context->saved_data["gates"] = passed.gates;
    context->saved_data["cells"] = passed.cells;
    context->saved_data["vocabulary"] = weight_ih.size(1);
    context->saved_data["bound"] =
        gate_bound > 0 ? gate_bound : std::numeric_limits<double>::infinity();
    context->saved_data["by_products"] = by_products;
    return passed.hidden;
  }

  static variable_list backward(AutogradContext* context, variable_list to_output) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &characters = saved[0], weight_hh = saved[1].contiguous(), &hidden = saved[2];
    // The gates' memory takes their gradients.
    const auto found = context->saved_data.find("gates");
    if (found == context->saved_data.end())
      throw Error({.what = "the LSTM's gradient can be taken only once"});
    const at::Tensor gates = found->second.toTensor();
    context->saved_data.erase(found);
    const at::Tensor cells = context->saved_data["cells"].toTensor();
    const std::int64_t vocabulary = context->saved_data["vocabulary"].toInt();
    const double bound = context->saved_data["bound"].toDouble();
    const Way way = context->saved_data["by_products"].toBool() ? Way::products : Way::threads;
    const at::Tensor to_table = pass_back(characters, vocabulary, weight_hh, {hidden, gates, cells},
                                          to_output[0].contiguous(), way, bound);
    const at::Tensor to_bias = to_table.sum(0);
    return {at::Tensor(), to_table.t().contiguous(), to_weight_hh(gates, hidden, way),
            to_bias,      to_bias.clone(),           at::Tensor(),
            at::Tensor()};
  }
};

at::Tensor run(const at::Tensor& characters, const LstmWeights& weights, double gate_bound,
               Way way) {
  const at::Tensor codes = characters.to(at::kLong).contiguous();
  if (!at::GradMode::is_enabled()) return pass(codes, weights, way, /*keep=*/false).hidden;
  return OneHotLstm::apply(codes, weights.weight_ih, weights.weight_hh, weights.bias_ih,
                           weights.bias_hh, gate_bound, way == Way::products);
}

}  // namespace

at::Tensor one_hot_lstm(const at::Tensor& characters, const LstmWeights& weights,
                        double gate_bound) {
  if (!weights.weight_hh.is_cpu()) return one_hot_lstm_by_products(characters, weights, gate_bound);
  check_weights(weights);
  check_characters(characters, weights.weight_ih.size(1));
  return run(characters, weights, gate_bound, Way::threads);
}

at::Tensor one_hot_lstm_by_products(const at::Tensor& characters, const LstmWeights& weights,
                                    double gate_bound) {
  check_weights(weights);
  return run(characters, weights, gate_bound, Way::products);
}

}  // namespace laq::nn
