#pragma once

#include <c10/core/Device.h>

#include <string>

namespace laq::train {

/// The instruction set that LibTorch chose on this machine ("AVX2", "AVX512", "default").
std::string cpu_capability();

/// LibTorch's version.
std::string libtorch_version();

/// The device of a word of the command line: "cpu", "cuda", "cuda:1". Usage errors: another word,
/// a LibTorch or machine without CUDA, a number that no GPU has.
c10::Device device_named(const std::string& word);

/// Call before any work on the device. On a GPU, for this process: convolutions and recurrent
/// layers in full single precision, where LibTorch's default is TF32, and by algorithms that give
/// the same bits each time.
void prepare_device(c10::Device device);

/// Threads of LibTorch's and our own parallel loops that this thread starts, until called again.
/// Error: the system does not allow so many.
void set_threads(int threads);

}  // namespace laq::train
