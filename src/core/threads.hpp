#pragma once

#include <omp.h>

namespace laq {

/// Sets the number of OpenMP threads as long as it lives.
class WithThreads {
 public:
  explicit WithThreads(int threads) : before_(omp_get_max_threads()) {
    omp_set_num_threads(threads);
  }
  ~WithThreads() { omp_set_num_threads(before_); }
  WithThreads(const WithThreads&) = delete;
  WithThreads& operator=(const WithThreads&) = delete;

 private:
  int before_;
};

}  // namespace laq
