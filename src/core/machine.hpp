#pragma once

#include <string>

namespace laq {

/// How OpenBLAS was built to use threads; `other` when the BLAS is not OpenBLAS.
enum class BlasThreading { other, sequential, pthread, openmp };

struct BlasInfo {
  std::string description;  ///< "OpenBLAS 0.3.21 … Haswell" or "not OpenBLAS"
  BlasThreading threading = BlasThreading::other;
};

/// Asks the BLAS that this process has loaded.
BlasInfo blas_info();

/// Cores this process may run on (its affinity, not the machine's size).
int available_cores();

/// Threads for one of `jobs` runs side by side: OMP_NUM_THREADS when the user set it, else the
/// cores divided, at least 1.
int threads_for(int jobs);

/// Called first in `main`: keeps freed blocks in the process instead of giving them back to the
/// kernel at every step (page faults made an Adam step three times slower), and starts the program
/// anew with OMP_WAIT_POLICY=passive when OpenBLAS has its own threads, which OpenMP's spinning
/// ones would starve. Returns when nothing more is to be done.
void prepare_process(char** argv);

/// Peak resident memory of this process, in MiB.
double peak_memory_mib();

}  // namespace laq
