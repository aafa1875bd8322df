#pragma once

#include <c10/core/Device.h>

#include <string>

namespace laq::train {

/// The instruction set that LibTorch chose on this machine ("AVX2", "AVX512", "default").
std::string cpu_capability();

/// LibTorch's version.
std::string libtorch_version();

/// The device of a word of the command line: "cpu", "cuda", "cuda:1". Usage errors: another word,
/// or a LibTorch or machine without CUDA.
c10::Device device_named(const std::string& word);

/// Threads of LibTorch's parallel loops in this process, until called again.
void set_threads(int threads);

}  // namespace laq::train
