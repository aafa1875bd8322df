#include "core/machine.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <omp.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/limits.hpp"

namespace laq {
namespace {

template <typename Function>
Function* symbol(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return value;
}

BlasInfo blas_info() {
  const auto config = symbol<char*()>("openblas_get_config");
  const auto parallel = symbol<int()>("openblas_get_parallel");
  const auto core = symbol<char*()>("openblas_get_corename");
  if (!config || !parallel) return {"not OpenBLAS", BlasThreading::other};
  std::string description = config();
  if (core && description.find(core()) == std::string::npos)
    description += std::string(" ") + core();
  switch (parallel()) {
    case 0:
      return {description, BlasThreading::sequential};
    case 1:
      return {description, BlasThreading::pthread};
    default:
      return {description, BlasThreading::openmp};
  }
}

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores = omp_get_num_procs();
  if (::sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  if (const auto quota = cpu_quota())
    cores = static_cast<int>(std::min<double>(cores, std::ceil(*quota)));
  return std::max(1, cores);
}

int threads_for(int jobs) {
  if (const char* wanted = std::getenv("OMP_NUM_THREADS")) {
    const int threads = std::atoi(wanted);
    if (threads > 0) return threads;
  }
  return std::max(1, available_cores() / std::max(1, jobs));
}

void prepare_allocator() {
  // 2 GiB: larger than any tensor here, so that none is mapped and unmapped at every step.
  constexpr int kLarge = 2047 * 1024 * 1024;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kLarge);
}

bool set_waiting_policy() {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return false;
  if (blas_info().threading == BlasThreading::pthread)
    return ::setenv("OMP_WAIT_POLICY", "passive", 1) == 0;
  return ::setenv("GOMP_SPINCOUNT", "1000", 1) == 0;
}

void restart_with_waiting_policy(char** argv) {
  if (set_waiting_policy()) ::execv("/proc/self/exe", argv);  // on failure: slower, not wrong
}

double peak_memory_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace laq
