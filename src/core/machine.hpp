#pragma once

#include <optional>
#include <string>

namespace laq {

/// A variable of the environment; nothing where it is not set or empty.
std::optional<std::string> environment(const char* name);

/// How OpenBLAS was built to use threads; `other` when the BLAS is not OpenBLAS.
enum class BlasThreading { other, sequential, pthread, openmp };

struct BlasInfo {
  std::string description;  ///< "OpenBLAS 0.3.21 … Haswell" or "not OpenBLAS"
  BlasThreading threading = BlasThreading::other;
};

/// Asks the BLAS that this process has loaded.
BlasInfo blas_info();

/// Cores this process may use: those of its affinity, or as many as its control group's quota of
/// CPU time fills, rounded up.
int available_cores();

/// Threads for one of `jobs` runs side by side: OMP_NUM_THREADS when the user set it, else the
/// cores divided, at least 1.
int threads_for(int jobs);

/// Called first in `main`: keeps freed blocks in the process instead of giving them back to the
/// kernel at every step (page faults made an Adam step three times slower).
void prepare_allocator();

/// Sets how OpenMP's threads wait, for the processes that this one starts, unless the user did: a
/// short spin, then sleep. Spinning for longer gains nothing on an idle machine, and on a busy one
/// a step took twenty times as long. With an OpenBLAS that has threads of its own they do not spin
/// at all. True when something was set.
bool set_waiting_policy();

/// `set_waiting_policy` for this process: OpenMP reads it when it is loaded, so the program starts
/// anew.
void restart_with_waiting_policy(char** argv);

/// Peak resident memory of this process, in MiB.
double peak_memory_mib();

}  // namespace laq
