#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace laq::nn {

/// out = a · M for a fixed matrix M (k × n) and `rows` rows of `a`, computed by the calling thread
/// alone.
template <typename T>
class Product {
 public:
  virtual ~Product() = default;
  /// `a`: rows × k, `out`: rows × n, both dense. One call at a time.
  virtual void run(const T* a, T* out) = 0;
};

struct ProductSpec {
  std::int64_t k, n;
  bool transposed;                 ///< the matrix is stored as n × k
  std::vector<std::int64_t> rows;  ///< a product is made for each
};

/// Products with one matrix, which is packed once for oneDNN's kernels and may change afterwards.
std::vector<std::unique_ptr<Product<float>>> make_products(const float* matrix,
                                                           const ProductSpec& spec);
/// In double, plain loops over a copy: for checking gradients.
std::vector<std::unique_ptr<Product<double>>> make_products(const double* matrix,
                                                            const ProductSpec& spec);

/// out (m × n) = aᵀ b for a (k × m) and b (k × n), dense, on all threads.
void product_of_transposed(const float* a, const float* b, float* out, std::int64_t m,
                           std::int64_t n, std::int64_t k);

}  // namespace laq::nn
