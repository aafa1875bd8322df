#include "nn/packed_product.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/threads.hpp"
#include "nn/onednn.hpp"

namespace laq::nn {
namespace {

using dnnl::matmul;
using dnnl::memory;

memory::desc dense(std::int64_t rows, std::int64_t columns) {
  return {{rows, columns}, memory::data_type::f32, memory::format_tag::ab};
}

matmul::primitive_desc plan(std::int64_t rows, const ProductSpec& spec,
                            const memory::desc& weights) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return plan_product(dense(rows, spec.k), weights, {}, dense(rows, spec.n), attributes);
}

class PackedProduct : public Product<float> {
 public:
  PackedProduct(const matmul::primitive_desc& how, memory packed)
      : primitive_(how),
        stream_(onednn_cpu()),
        a_(how.src_desc(), onednn_cpu(), nullptr),
        out_(how.dst_desc(), onednn_cpu(), nullptr),
        arguments_{{DNNL_ARG_SRC, a_},
                   {DNNL_ARG_WEIGHTS, std::move(packed)},
                   {DNNL_ARG_DST, out_},
                   {DNNL_ARG_SCRATCHPAD, memory(how.scratchpad_desc(), onednn_cpu())}} {}

  void run(const float* a, float* out) override {
    a_.set_data_handle(const_cast<float*>(a));  // oneDNN has no handles for reading only
    out_.set_data_handle(out);
    primitive_.execute(stream_, arguments_);
  }

 private:
  matmul primitive_;
  dnnl::stream stream_;
  memory a_, out_;
  std::unordered_map<int, memory> arguments_;  // of the same memories
};

class PlainProduct : public Product<double> {
 public:
  PlainProduct(std::shared_ptr<const std::vector<double>> matrix, const ProductSpec& spec,
               std::int64_t rows)
      : matrix_(std::move(matrix)), k_(spec.k), n_(spec.n), rows_(rows) {}

  void run(const double* a, double* out) override {
    std::fill(out, out + rows_ * n_, 0.0);
    for (std::int64_t row = 0; row < rows_; ++row) {
      for (std::int64_t i = 0; i < k_; ++i) {
        const double value = a[row * k_ + i];
        const double* from = matrix_->data() + i * n_;
        for (std::int64_t j = 0; j < n_; ++j) out[row * n_ + j] += value * from[j];
      }
    }
  }

 private:
  std::shared_ptr<const std::vector<double>> matrix_;
  std::int64_t k_, n_, rows_;
};

}  // namespace

std::vector<std::unique_ptr<Product<float>>> make_products(const float* matrix,
                                                           const ProductSpec& spec) try {
  const WithThreads one(1);  // oneDNN plans a primitive for the threads there are when it is made
  const memory::dims size = {spec.k, spec.n};
  const memory::desc any(size, memory::data_type::f32, memory::format_tag::any);
  const memory::desc packed_as = plan(spec.rows.front(), spec, any).weights_desc();
  memory packed(packed_as, onednn_cpu());
  const auto tag = spec.transposed ? memory::format_tag::ba : memory::format_tag::ab;
  memory given({size, memory::data_type::f32, tag}, onednn_cpu(), const_cast<float*>(matrix));
  dnnl::stream stream(onednn_cpu());
  dnnl::reorder(given, packed).execute(stream, given, packed);
  stream.wait();
  std::vector<std::unique_ptr<Product<float>>> products;
  for (const std::int64_t rows : spec.rows)
    products.push_back(std::make_unique<PackedProduct>(plan(rows, spec, packed_as), packed));
  return products;
} catch (const dnnl::error& error) {
  throw Error({.what = fmt::format("oneDNN cannot make a product: {}", error.what()),
               .found = fmt::format("{} x {}", spec.k, spec.n)});
}

std::vector<std::unique_ptr<Product<double>>> make_products(const double* matrix,
                                                            const ProductSpec& spec) {
  std::vector<double> copy(static_cast<std::size_t>(spec.k * spec.n));
  for (std::int64_t i = 0; i < spec.k; ++i) {
    for (std::int64_t j = 0; j < spec.n; ++j) {
      copy[static_cast<std::size_t>(i * spec.n + j)] =
          matrix[spec.transposed ? j * spec.k + i : i * spec.n + j];
    }
  }
  const auto shared = std::make_shared<const std::vector<double>>(std::move(copy));
  std::vector<std::unique_ptr<Product<double>>> products;
  for (const std::int64_t rows : spec.rows)
    products.push_back(std::make_unique<PlainProduct>(shared, spec, rows));
  return products;
}

void product_of_transposed(const float* a, const float* b, float* out, std::int64_t m,
                           std::int64_t n, std::int64_t k) {
  const auto failed = dnnl_sgemm('T', 'N', m, n, k, 1.0f, a, m, b, n, 0.0f, out, n);
  if (failed != dnnl_success) throw Error({.what = "oneDNN cannot multiply matrices"});
}

}  // namespace laq::nn
