#pragma once

#include <string>

namespace laq::train {

/// The instruction set that LibTorch chose on this machine ("AVX2", "AVX512", "default").
std::string cpu_capability();

/// LibTorch's version.
std::string libtorch_version();

/// Threads of LibTorch's parallel loops in this process, until called again.
void set_threads(int threads);

}  // namespace laq::train
